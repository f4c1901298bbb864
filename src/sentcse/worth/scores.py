"""The start and what came of each run, on the same pairs and on the same held-out sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch.nn import functional as F

from sentcse.data.token_cache import TokenIds
from sentcse.encoder import SentenceEncoder
from sentcse.evaluation.scores.evaluation import StsResult
from sentcse.evaluation.scores.evaluator import evaluate_encoder
from sentcse.evaluation.scores.geometry import alignment, uniformity
from sentcse.evaluation.scores.label_free import two_views
from sentcse.evaluation.scores.spearman import spearman
from sentcse.evaluation.statistics.comparison import compare_scores
from sentcse.evaluation.statistics.resampling import resample_sts
from sentcse.evaluation.statistics.seeds import holm
from sentcse.evaluation.statistics.significance import percentile_interval, resample_counts, two_sided_p
from sentcse.evaluation.tasks.sts import StsTask, load_pairs
from sentcse.losses.info_nce import info_nce_logits
from sentcse.machine.locate import locate

OWN, GENERAL = "your pairs", "general pairs"
EMBEDDED = tuple(f"package:sentcse/embedded/pairs_{part}.tsv" for part in ("dev", "test"))
TEMPERATURE = 0.05


@dataclass(frozen=True)
class Change:
    """A score of the start and of a trained encoder.

    Attributes:
        before: of the start; nan where there is none.
        after: of the trained encoder.
        low: where the 95 % interval of after - before begins, by paired resamples.
        high: where it ends.
        p: of no difference, two-sided.
        p_holm: corrected for the number of runs.
    """

    before: float
    after: float
    low: float
    high: float
    p: float
    p_holm: float

    @property
    def difference(self) -> float:
        """After less before."""
        return self.after - self.before

    @property
    def told(self) -> bool:
        """Whether start and trained encoder are told apart, as one of several runs."""
        return self.p_holm < 0.05


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        own: Spearman x 100 on the user's pairs; None where there are none.
        general: the same on the pairs that ship with sentcse.
        info_nce: in nats, of two dropout views of held-out sentences; lower is better.
        shape: alignment + uniformity of the same views, before and after; lower is better.
        agreement: Spearman x 100 of the cosines of held-out sentences before with those after.
    """

    own: Change | None
    general: Change
    info_nce: Change
    shape: tuple[float, float]
    agreement: float


class Measured(NamedTuple):
    """One encoder's values, which are compared with another's."""

    sts: dict[str, StsResult]
    info_nce: NDArray[np.float64]
    shape: float
    cosines: NDArray[np.float64]


def comparison_tasks(pairs: Path | None) -> list[StsTask]:
    """The user's pairs, if there are any, and the general ones of both parts.

    Raises:
        DataError: if the user's cannot be read.
    """
    dev, test = (load_pairs(locate(name), name=GENERAL) for name in EMBEDDED)
    general = replace(dev, sources=(*dev.sources, *test.sources))
    return [*([] if pairs is None else [load_pairs(pairs, name=OWN)]), general]


def measure(
    encoder: SentenceEncoder,
    tasks: Sequence[StsTask],
    held_out: Sequence[TokenIds],
    texts: Sequence[str],
    *,
    seed: int,
    batch_size: int,
) -> Measured:
    """Score an encoder.

    Args:
        encoder: the encoder.
        tasks: of `comparison_tasks`.
        held_out: token ids of the sentences that are seen through dropout.
        texts: the same as texts.
        seed: of dropout.
        batch_size: sentences encoded together.
    """
    first, second = two_views(encoder, held_out, seed=seed)
    logits = info_nce_logits(first, second, temperature=TEMPERATURE)
    rows = F.cross_entropy(logits, logits.new_tensor(range(len(logits))).long(), reduction="none")
    vectors = encoder.encode(texts, batch_size=batch_size, normalize=True)
    above = np.triu_indices(len(texts), k=1)
    return Measured(
        sts=dict(evaluate_encoder(encoder, tasks, batch_size=batch_size).sts),
        info_nce=rows.double().numpy(),
        shape=alignment(first.numpy(), second.numpy()) + uniformity(first.numpy()),
        cosines=(vectors.astype(np.float64) @ vectors.astype(np.float64).T)[above],
    )


def compare(start: Measured, trained: Sequence[Measured], *, resamples: int, seed: int) -> list[Outcome]:
    """Each trained encoder against the start, on the same resamples of pairs and of sentences."""
    general = _changes(GENERAL, start, trained, resamples=resamples, seed=seed)
    own = _changes(OWN, start, trained, resamples=resamples, seed=seed) if OWN in start.sts else [None] * len(trained)
    info_nce = _losses(start, trained, resamples=resamples, seed=seed)
    return [
        Outcome(
            own=own[place],
            general=general[place],
            info_nce=info_nce[place],
            shape=(start.shape, each.shape),
            agreement=spearman(start.cosines, each.cosines),
        )
        for place, each in enumerate(trained)
    ]


def _changes(name: str, start: Measured, trained: Sequence[Measured], *, resamples: int, seed: int) -> list[Change]:
    results = [{name: each.sts[name]} for each in (start, *trained)]
    label, nan = results[0][name].label, float("nan")
    draws = resample_sts(results, resamples=resamples, seed=seed)
    found = []
    for each, own_draws in zip(results[1:], draws[1:], strict=True):
        before, after = results[0][name].all, each[name].all
        differences = {label: own_draws[label] - draws[0][label]} if label in own_draws and label in draws[0] else {}
        tasks = compare_scores({label: after}, {label: before}, differences, {}).tasks
        told = tasks.get(label)
        found.append(
            Change(before, after, nan, nan, nan, nan)
            if told is None
            else Change(before, after, told.low, told.high, told.p_value, nan)
        )
    return corrected(found)


def _losses(start: Measured, trained: Sequence[Measured], *, resamples: int, seed: int) -> list[Change]:
    counts = np.concatenate(list(resample_counts(len(start.info_nce), resamples=resamples, seed=seed)), axis=1)
    found = []
    for each in trained:
        draws = (each.info_nce - start.info_nce) @ counts / len(start.info_nce)
        low, high = percentile_interval(draws)
        means = float(start.info_nce.mean()), float(each.info_nce.mean())
        found.append(Change(*means, low, high, two_sided_p(draws), float("nan")))
    return corrected(found)


def corrected(changes: Sequence[Change]) -> list[Change]:
    """The same with p values corrected for their number; one that is nan, of a collapsed encoder, stays so."""
    known = [each for each in changes if not np.isnan(each.p)]
    p_holm = iter(holm([each.p for each in known]).tolist())
    return [each if np.isnan(each.p) else replace(each, p_holm=next(p_holm)) for each in changes]
