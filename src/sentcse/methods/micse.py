"""miCSE (Klein and Nabi 2023): SimCSE, plus agreement of the two views' self-attention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError
from sentcse.losses import InformationSums, info_nce_loss, information_sums, mean_information
from sentcse.methods.base import Method
from sentcse.methods.global_batch import ranks, sum_over_ranks
from sentcse.methods.objective import Batch, Objective, flatten_views, masked_negatives, view_cosines
from sentcse.methods.optimization import AdamWSettings
from sentcse.methods.staying_near import NearBy
from sentcse.modules.attention import collect_attention_maps, enable_attention_maps

if TYPE_CHECKING:
    from typing_extensions import Self

PUBLISHED_LAYERS = 4
PUBLISHED_LAST_SHARE = 11 / 12


class MiCSE(Method):
    """alpha * InfoNCE - lambda * attention mutual information (equation 7).

    Args:
        encoder: the encoder to train; its attention has to go through transformers' attention interface.
        temperature: divides the cosines.
        head: projection head while training.
        projection_at_eval: keep the head at test time.
        alpha: weight of InfoNCE.
        ami_weight: lambda.
        ami_layers: layers whose maps are compared, numbered from 0; None for `default_layers`.
        ami_samples: positions of a row that are compared.
        ami_pairing: `parity` or `per_layer`: which layers share a row.
        ami_minimum_support: positions that a row needs to count; None for the published rule.
        count_padding: count the attention of padding queries (published code).
        gather: compare the sentences of all ranks.
        chunk: sentences that are encoded at a time; None for all.
        mask_duplicates: sentences with the same tokens are not each other's negatives.
        stay_near: `weights` or `similarities` that a penalty keeps near the start; None for no penalty.
        stay_near_weight: of that penalty.
        optimizer: AdamW settings.

    Raises:
        ValueError: for fewer than two layers, a layer that is not there, an architecture without such maps, or `chunk`
            with the published rule on support, which looks at all rows of a batch.
    """

    reads_hard_negatives = False

    def __init__(
        self,
        encoder: SentenceEncoder,
        *,
        temperature: float = 0.05,
        head: str = "linear_tanh",
        projection_at_eval: bool = False,
        alpha: float = 1.0,
        ami_weight: float = 0.0005,
        ami_layers: list[int] | None = None,
        ami_samples: int = 150,
        ami_pairing: Literal["parity", "per_layer"] = "parity",
        ami_minimum_support: int | None = 32,
        count_padding: bool = False,
        gather: bool = True,
        chunk: int | None = None,
        mask_duplicates: bool = False,
        stay_near: NearBy | None = None,
        stay_near_weight: float = 0.01,
        optimizer: AdamWSettings | None = None,
    ) -> None:
        super().__init__(
            encoder,
            head=head,
            projection_at_eval=projection_at_eval,
            gather=gather,
            chunk=chunk,
            mask_duplicates=mask_duplicates,
            stay_near=stay_near,
            stay_near_weight=stay_near_weight,
            optimizer=optimizer,
        )
        if chunk is not None and ami_minimum_support is None:
            raise ValueError(
                "ami_minimum_support must be a number with chunk: the published rule needs all rows at once"
            )
        self.temperature = temperature
        self.alpha = alpha
        self.ami_weight = ami_weight
        depth = int(encoder.backbone.config.num_hidden_layers)
        self.ami_layers = default_layers(depth) if ami_layers is None else sorted(ami_layers)
        self.ami_samples = ami_samples
        self.ami_pairing = ami_pairing
        self.ami_minimum_support = ami_minimum_support
        self.count_padding = count_padding
        enable_attention_maps(encoder.backbone, self.ami_layers)

    @classmethod
    def build(cls, encoder: SentenceEncoder, **arguments: Any) -> Self:
        """As every method.

        Raises:
            ConfigError: if the encoder's attention cannot be read, or lacks a layer of `ami_layers`.
        """
        try:
            return super().build(encoder, **arguments)
        except ValueError as error:
            raise ConfigError(f"method=micse needs attention maps (method.ami_layers): {error}.") from error

    def compute_losses(self, batch: Batch) -> Objective:
        """InfoNCE of the views, less the mutual information of their attention (sections 3.2 and 3.3)."""
        pooled, information, counts = zip(*self.by_chunk(self.pool_and_compare, batch), strict=True)
        z1, z2 = self.project(torch.cat(pooled), views=batch["input_ids"].shape[1]).unbind(1)[:2]
        # the mean is over the rows of all ranks, and this rank's part of it counts as often as there are ranks
        sums = InformationSums(torch.stack(information).sum() * ranks(), sum_over_ranks(torch.stack(counts).sum(dim=0)))
        agreement = mean_information(sums)
        left_out = self.false_negatives(batch)
        return Objective(
            losses={
                "info_nce": info_nce_loss(z1, z2, temperature=self.temperature, left_out=left_out),
                "ami": agreement.information,
            },
            weights={"info_nce": self.alpha, "ami": -self.ami_weight},
            metrics={
                **view_cosines(z1, z2),
                **masked_negatives(left_out),
                "ami_support_share": agreement.support_share,
                "ami_rows_used": agreement.rows_used,
                "ami_rows_left_out": agreement.rows_left_out,
                "ami_rows_not_finite": agreement.rows_not_finite,
            },
        )

    def pool_and_compare(self, part: Batch, number: int) -> tuple[Tensor, Tensor, Tensor]:
        """The vectors of a part of the batch, (sentences * views, width), and the sums of `InformationSums`."""
        rows, mask = flatten_views(part)
        with collect_attention_maps(self.ami_layers) as maps:
            pooled: Tensor = self.encoder(rows, mask)
        information, counts = information_sums(
            [maps[layer] for layer in self.ami_layers],
            mask,
            generator=self.sampling_generator(pooled.device, number),
            samples=self.ami_samples,
            pairing=self.ami_pairing,
            minimum_support=self.ami_minimum_support,
            count_padding=self.count_padding,
        )
        return pooled, information, counts

    def sampling_generator(self, device: torch.device, number: int) -> torch.Generator:
        """Draws positions without advancing dropout's stream, from the step's seed, which `training.resuming` sets.

        It starts where dropout started in this step: on one device the positions come from the bits of the first masks.
        Each part of a batch has positions of its own, by its `number`.
        """
        return torch.Generator(device).manual_seed(torch.initial_seed() + number)


def default_layers(depth: int) -> list[int]:
    """Four consecutive layers (fewer in a shallower encoder), the last at 11/12 of the depth: 7 to 10 of 12.

    Published for 12 layers only; this is the visible rule for others: 2 to 5 of 6, 18 to 21 of 24.
    """
    last = round(depth * PUBLISHED_LAST_SHARE) - 1
    return list(range(max(0, last - PUBLISHED_LAYERS + 1), last + 1))
