"""Candidates for few sentences: SimCSE++, RankCSE, and DiffCSE with miCSE's attention term.

They are no part of the package: README.md beside this file says how a command finds them, and what was published.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from sentcse.encoder import SentenceEncoder
from sentcse.losses import InformationSums, info_nce_loss, mean_information
from sentcse.losses.info_nce import cosine_matrix
from sentcse.methods import DiffCSE, Method, MiCSE, Objective
from sentcse.methods.generator import Generator
from sentcse.methods.global_batch import gather_rows, own_rows, ranks, sum_over_ranks
from sentcse.methods.micse import default_layers
from sentcse.methods.objective import Batch, flatten_views, masked_negatives, view_cosines
from sentcse.modules.attention import enable_attention_maps

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class SimCSEPlusPlus(Method):
    """SimCSE++ (Xu et al., EMNLP 2023): negatives without dropout noise, and a contrast of dimensions beside InfoNCE.

    Args:
        encoder: the encoder to train.
        temperature: divides the cosines.
        off_dropout: compare with negatives encoded without dropout; false: SimCSE's.
        dimension_weight: of the dimension-wise term, 0 for none; published with 0.1.
        dimension_temperature: of that term; published with 5.
        base: see `Method`.
    """

    reads_hard_negatives = False

    def __init__(
        self,
        encoder: SentenceEncoder,
        *,
        temperature: float = 0.05,
        off_dropout: bool = True,
        dimension_weight: float = 0.1,
        dimension_temperature: float = 5.0,
        **base: Any,
    ) -> None:
        super().__init__(encoder, **base)
        self.temperature = temperature
        self.off_dropout = off_dropout
        self.dimension_weight = dimension_weight
        self.dimension_temperature = dimension_temperature

    def compute_losses(self, batch: Batch) -> Objective:
        """InfoNCE, whose negatives come from a third pass, plus the contrast of dimensions."""
        z1, z2 = self.embed(batch).unbind(1)[:2]
        left_out = self.false_negatives(batch)
        if self.off_dropout:
            quiet = self.project(self.pool_without_dropout(batch), views=1).squeeze(1)
            info_nce = off_dropout_loss(z1, z2, quiet, temperature=self.temperature, left_out=left_out)
        else:
            info_nce = info_nce_loss(z1, z2, temperature=self.temperature, left_out=left_out)
        losses = {"info_nce": info_nce}
        if self.dimension_weight > 0:
            losses["dimensions"] = dimension_loss(z1, z2, temperature=self.dimension_temperature)
        return Objective(
            losses, {"dimensions": self.dimension_weight}, {**view_cosines(z1, z2), **masked_negatives(left_out)}
        )

    def pool_without_dropout(self, batch: Batch) -> Tensor:
        """The first view of each sentence, with its gradient: (sentences, width)."""
        first = {name: tensor[:, :1] for name, tensor in batch.items()}
        return torch.cat(self.by_chunk(lambda part, _: self._encode_quietly(part), first))

    def _encode_quietly(self, part: Batch) -> Tensor:
        self.encoder.eval()
        try:
            pooled: Tensor = self.encoder(*flatten_views(part))
        finally:  # computed again in backward, a pass is broken off once it has what it needs
            self.encoder.train()
        return pooled


def off_dropout_loss(
    z1: Tensor, z2: Tensor, quiet: Tensor, *, temperature: float, left_out: Tensor | None = None
) -> Tensor:
    """InfoNCE with positives of two dropout views and negatives without dropout on either side; its mean.

    The published code multiplies the positive's logit by `pos_ratio`, which is 1 for SimCSE++ and not here.

    Args:
        z1: first views, (sentences, width).
        z2: second views.
        quiet: the same sentences without dropout.
        temperature: divides the cosines.
        left_out: true where a sentence is no negative, (sentences, sentences).
    """
    own = torch.eye(len(z1), dtype=torch.bool, device=z1.device)
    logits = torch.where(own, cosine_matrix(z1, z2), cosine_matrix(quiet, quiet)) / temperature
    logits = logits if left_out is None else logits.masked_fill(left_out, -torch.inf)
    return F.cross_entropy(logits, torch.arange(len(z1), device=z1.device))


def dimension_loss(z1: Tensor, z2: Tensor, *, temperature: float) -> Tensor:
    """Cross-entropy of telling a dimension's second view among all dimensions, by correlation over the batch.

    Both views (sentences, width) are normalised over the batch as BatchNorm does, without weights of its own.
    """
    with torch.autocast(z1.device.type, enabled=False):
        correlations = normalized_over_batch(z1).T @ normalized_over_batch(z2) / len(z1)
        return F.cross_entropy(correlations / temperature, torch.arange(len(correlations), device=z1.device))


def normalized_over_batch(rows: Tensor, *, eps: float = 1e-5) -> Tensor:
    """Each dimension with mean 0 and variance 1 over the rows, in float32 at least; 0 where all rows are one."""
    rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
    centred = rows - rows.mean(dim=0)
    return centred * (centred.square().mean(dim=0) + eps).rsqrt()


class RankCSE(Method):
    """RankCSE (Liu et al., ACL 2023): InfoNCE + beta * ranking consistency + gamma * ranking distillation.

    The teacher is the encoder as training starts, without dropout and without a head; it is frozen and kept outside the
    checkpoint. A method that `load_from_checkpoint` made would have the trained encoder for a teacher.

    Args:
        encoder: the encoder to train, with the teacher's weights.
        temperature: divides the cosines of InfoNCE and of consistency (tau_1).
        consistency_weight: beta.
        distillation: `listnet` (top-one probabilities) or `listmle` (likelihood of the teacher's order).
        distillation_weight: gamma; 1 for listmle and 0.1 for listnet in the public reimplementation.
        distillation_temperature: tau_2, divides the student's cosines.
        teacher_temperature: tau_3, divides the teacher's cosines in listnet; None for half of tau_2, as the paper says.
        teacher_pooler: how the teacher's token states become a vector; None for the encoder's own pooler.
        base: see `Method`.
    """

    reads_hard_negatives = False

    def __init__(
        self,
        encoder: SentenceEncoder,
        *,
        temperature: float = 0.05,
        consistency_weight: float = 1.0,
        distillation: Literal["listnet", "listmle"] = "listnet",
        distillation_weight: float = 0.1,
        distillation_temperature: float = 0.05,
        teacher_temperature: float | None = None,
        teacher_pooler: str | None = None,
        **base: Any,
    ) -> None:
        if distillation not in ("listnet", "listmle"):
            raise ValueError(f"distillation must be listnet or listmle, got {distillation!r}")
        super().__init__(encoder, **base)
        # in a tuple, Lightning and the optimiser do not see it; copied as it is before training
        teacher = SentenceEncoder(
            copy.deepcopy(encoder.backbone),
            encoder.tokenizer,
            pooler=encoder.pooler if teacher_pooler is None else teacher_pooler,
        )
        self._teacher = (teacher.requires_grad_(False).eval(),)
        self.temperature = temperature
        self.consistency_weight = consistency_weight
        self.distillation = distillation
        self.distillation_weight = distillation_weight
        self.distillation_temperature = distillation_temperature
        self.teacher_temperature = distillation_temperature / 2 if teacher_temperature is None else teacher_temperature

    def compute_losses(self, batch: Batch) -> Objective:
        """InfoNCE of the views, agreement of their rankings, and of the student's with the teacher's."""
        z1, z2 = self.embed(batch).unbind(1)[:2]
        left_out = self.false_negatives(batch)
        student, teacher = cosine_matrix(z1, z2), self.teacher_cosines(batch)
        if self.distillation == "listnet":
            distilled = list_net_loss(student / self.distillation_temperature, teacher / self.teacher_temperature)
        else:
            distilled = list_mle_loss(student / self.distillation_temperature, teacher)
        return Objective(
            losses={
                "info_nce": info_nce_loss(z1, z2, temperature=self.temperature, left_out=left_out),
                "consistency": ranking_consistency_loss(student, temperature=self.temperature),
                "distillation": distilled,
            },
            weights={"consistency": self.consistency_weight, "distillation": self.distillation_weight},
            metrics={**view_cosines(z1, z2), **masked_negatives(left_out)},
        )

    @torch.no_grad()
    def teacher_cosines(self, batch: Batch) -> Tensor:
        """Of first views, by the teacher: (sentences, sentences)."""
        first = {name: tensor[:, :1] for name, tensor in batch.items()}
        vectors = self._teacher[0](*flatten_views(first))
        vectors = gather_rows(vectors) if self.gather else vectors
        return cosine_matrix(vectors, vectors)

    def on_fit_start(self) -> None:
        """Bring the teacher to the device, which Lightning cannot do for what it does not see."""
        self._teacher[0].to(self.device)


def ranking_consistency_loss(cosines: Tensor, *, temperature: float) -> Tensor:
    """Mean Jensen-Shannon divergence, in nats, of the two views' similarity distributions over the batch.

    Args:
        cosines: of first views with second views, (sentences, sentences); its transpose is the second view's.
        temperature: divides them.
    """
    log_p, log_q = F.log_softmax(cosines / temperature, dim=1), F.log_softmax(cosines.T / temperature, dim=1)
    middle = torch.logaddexp(log_p, log_q) - math.log(2)
    divergences = [F.kl_div(middle, each, log_target=True, reduction="batchmean") for each in (log_p, log_q)]
    return torch.stack(divergences).mean()


def list_net_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean cross-entropy of the student's top-one probabilities under the teacher's, over the other sentences.

    A sentence's own second view is left out: a teacher without dropout has it at cosine 1, which InfoNCE says already.

    Args:
        student: cosines over their temperature, (sentences, sentences).
        teacher: the same of the teacher.
    """
    wanted, given = off_diagonal(teacher).softmax(dim=1), off_diagonal(student).log_softmax(dim=1)
    return -(wanted * given).sum(dim=1).mean()


def list_mle_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean over sentences of minus the log-likelihood of the teacher's order of the others (Plackett-Luce).

    Args:
        student: cosines over their temperature, (sentences, sentences).
        teacher: what is sorted by, descending.
    """
    order = off_diagonal(teacher).argsort(dim=1, descending=True, stable=True)
    ranked = off_diagonal(student).gather(1, order)
    remaining = ranked.flip(1).logcumsumexp(dim=1).flip(1)
    return (remaining - ranked).sum(dim=1).mean()


def off_diagonal(matrix: Tensor) -> Tensor:
    """A square matrix without its diagonal: (rows, rows - 1)."""
    others = ~torch.eye(len(matrix), dtype=torch.bool, device=matrix.device)
    return matrix[others].view(len(matrix), len(matrix) - 1)


class DiffMiCSE(DiffCSE):
    """DiffCSE's discriminator and miCSE's attention term together: InfoNCE + lambda_1 * RTD - lambda_2 * AMI.

    Args:
        encoder: the encoder to train.
        generator: see `DiffCSE`.
        discriminator: see `DiffCSE`.
        ami_weight: lambda_2.
        ami_layers: see `MiCSE`, as all that follow.
        ami_samples: positions of a row that are compared.
        ami_pairing: which layers share a row.
        ami_minimum_support: positions that a row needs to count.
        base: see `DiffCSE`; `count_padding` is of both terms.
    """

    pool_and_compare: Any = MiCSE.pool_and_compare
    sampling_generator: Any = MiCSE.sampling_generator

    def __init__(
        self,
        encoder: SentenceEncoder,
        generator: Generator,
        discriminator: PreTrainedModel,
        *,
        ami_weight: float = 0.0005,
        ami_layers: list[int] | None = None,
        ami_samples: int = 150,
        ami_pairing: Literal["parity", "per_layer"] = "parity",
        ami_minimum_support: int = 32,
        **base: Any,
    ) -> None:
        super().__init__(encoder, generator, discriminator, **base)
        self.ami_weight = ami_weight
        depth = int(encoder.backbone.config.num_hidden_layers)
        self.ami_layers = default_layers(depth) if ami_layers is None else sorted(ami_layers)
        self.ami_samples = ami_samples
        self.ami_pairing = ami_pairing
        self.ami_minimum_support = ami_minimum_support
        enable_attention_maps(encoder.backbone, self.ami_layers)

    def compute_losses(self, batch: Batch) -> Objective:
        """The terms of both papers, on one encoding of the sentences."""
        x, mask = flatten_views(batch)
        pooled, information, counts = zip(*self.by_chunk(self.pool_and_compare, batch), strict=True)
        h = torch.cat(pooled)
        projected = self.project(h, views=batch["input_ids"].shape[1])
        z1, z2 = projected.unbind(1)[:2]
        condition = own_rows(projected.flatten(0, 1), len(h)) if self.condition == "after_head" else h
        edited = self.generator.edit(x, mask)
        detection = self.replaced_token_detection.detect(edited, x, mask, condition=condition)
        sums = InformationSums(torch.stack(information).sum() * ranks(), sum_over_ranks(torch.stack(counts).sum(dim=0)))
        agreement = mean_information(sums)
        left_out = self.false_negatives(batch)
        metrics: Mapping[str, Tensor] = {
            "rtd_accuracy": detection.accuracy.all,
            "rtd_accuracy_replaced": detection.accuracy.replaced,
            "rtd_accuracy_original": detection.accuracy.original,
            "ami_support_share": agreement.support_share,
            "ami_rows_used": agreement.rows_used,
        }
        return Objective(
            losses={
                "info_nce": info_nce_loss(z1, z2, temperature=self.temperature, left_out=left_out),
                "rtd": detection.loss,
                "ami": agreement.information,
            },
            weights={"rtd": self.rtd_weight, "ami": -self.ami_weight},
            metrics={**view_cosines(z1, z2), **masked_negatives(left_out), **metrics},
        )
