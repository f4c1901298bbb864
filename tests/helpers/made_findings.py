"""Findings about a made corpus, with runs that nobody made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sentcse.config.check import check_command
from sentcse.config.worth import WorthConfig
from sentcse.data.corpus_report import CorpusReport
from sentcse.data.text_faults import TextFaults
from sentcse.worth.corpus import Corpus, Leak, NearDuplicates, Part
from sentcse.worth.findings import Cost, Findings, Tried
from sentcse.worth.plan import plan
from sentcse.worth.scores import Change, Outcome

SENTENCES = [f"This is sentence number {number} of them." for number in range(6)]


def worth_config(**changes: Any) -> WorthConfig:
    values = {"encoder": "some/model", "overrides": ["data.path=x.txt"], "steps": [10, 40], **changes}
    return check_command(WorthConfig, values)


def change(difference: float, half: float = 0.5, p: float = 0.2, before: float = 70.0) -> Change:
    return Change(before, before + difference, difference - half, difference + half, p, p)


def outcome(own: Change | None = None, **changes: Any) -> Outcome:
    known = Outcome(own, change(0.1), change(-0.2, 0.1, 0.001, 1.5), (-3.0, -3.2), 95.0)
    return replace(known, **changes)


def findings(outcomes: list[Outcome], config: WorthConfig | None = None, **changes: Any) -> Findings:
    """With a run for each outcome: simcse and micse of 10 steps, then of 40."""
    faults = TextFaults()
    for sentence in SENTENCES:
        faults.add(sentence)
    report = CorpusReport(rows=1000, columns=1, blank=2, duplicates=0, truncated_lines=0, overlong=0, tokens=9000)
    part = Part(1000, 640, 42, [np.array([1, 2])] * 100, SENTENCES, SENTENCES)
    trials = plan(worth_config() if config is None else config, size=640)
    tried = [Tried(trial, each, Cost(0.5, 20.0, 91_000_000)) for trial, each in zip(trials, outcomes, strict=False)]
    known = Findings(
        encoder="some/model",
        pairs=None if outcomes[0].own is None else 150,
        general_pairs=300,
        corpus=Corpus("/home/me/mine.txt", report, faults, [Leak("STS-B", 2551, 0)], part),
        near=NearDuplicates(0, 6, []),
        tried=tried,
        batch_size=64,
        max_length=32,
        command="python -m sentcse.worth encoder=some/model",
    )
    return replace(known, **changes)
