"""All that was found, in plain values, from which the words, the page and worth.json are made."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from sentcse.data.text_faults import KINDS
from sentcse.evaluation.reports.record import without_nan
from sentcse.records.layout import SENTENCES_PER_SECOND
from sentcse.records.metrics_file import read_series
from sentcse.records.run_folder import RunFolder
from sentcse.worth.corpus import Corpus, NearDuplicates
from sentcse.worth.plan import Trial
from sentcse.worth.scores import Outcome


@dataclass(frozen=True)
class Cost:
    """What a run took on this machine.

    Attributes:
        seconds_a_step: of an optimiser step, the median of the logged ones; None where none was logged.
        seconds: of the whole run, loading left out.
        bytes: of its folder.
    """

    seconds_a_step: float | None
    seconds: float
    bytes: int


@dataclass(frozen=True)
class Tried:
    """A run: what it was, what came of it, what it took."""

    trial: Trial
    outcome: Outcome
    cost: Cost


@dataclass(frozen=True)
class Findings:
    """Everything.

    Attributes:
        encoder: that training would start from.
        pairs: number of the user's pairs; None where there are none.
        general_pairs: number of the pairs that ship with sentcse.
        corpus: what was found in it.
        near: near-duplicates among some of its sentences.
        tried: the runs, the shorter budgets first.
        batch_size: sentences of a step.
        max_length: tokens at which a sentence is cut.
        command: that made this.
    """

    encoder: str
    pairs: int | None
    general_pairs: int
    corpus: Corpus
    near: NearDuplicates
    tried: list[Tried]
    batch_size: int
    max_length: int
    command: str

    def longest(self) -> int:
        """The largest budget, in steps."""
        return max(each.trial.steps for each in self.tried)

    def as_dict(self) -> dict[str, Any]:
        """Plain containers, for worth.json; nan is null."""
        corpus = self.corpus
        content = {
            "encoder": self.encoder,
            "pairs": self.pairs,
            "general_pairs": self.general_pairs,
            "corpus": {
                "name": Path(corpus.name).name,
                "report": corpus.report.as_dict(),
                "faults": {kind: corpus.faults.counts[kind] for kind in KINDS},
                "scripts": dict(corpus.faults.scripts.most_common()),
                "leaks": [asdict(leak) for leak in corpus.leaks],
                "different": corpus.part.rows,
                "trained_on": corpus.part.size,
                "held_out": len(corpus.part.held_out),
                "near_duplicates": {"sentences": self.near.sentences, "of": self.near.of},
            },
            "runs": [
                {
                    "method": each.trial.method,
                    "steps": each.trial.steps,
                    "run": RunFolder(each.trial.config).path.name,
                    **asdict(each.outcome),
                    **asdict(each.cost),
                }
                for each in self.tried
            ],
            "command": self.command,
        }
        found: dict[str, Any] = without_nan(content)
        return found


def cost_of(trial: Trial, seconds: float) -> Cost:
    """What a complete run took, by its metrics and its folder; `seconds` are those of its results."""
    folder = RunFolder(trial.config)
    series = read_series(folder.metrics) if folder.metrics.is_file() else {}
    rates = list(series.get(SENTENCES_PER_SECOND, {}).values())
    size = sum(path.stat().st_size for path in folder.path.rglob("*") if path.is_file())
    sentences = trial.config.data.batch_size * trial.config.trainer.accumulate_grad_batches
    return Cost(sentences / median(rates) if rates else None, seconds, size)
