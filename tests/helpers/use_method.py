"""What a user does with a method of his own, in a process of its own; prints what is to be judged as one line of JSON.

python use_method.py [words of the command line that choose the method]
"""

from __future__ import annotations

import csv
import json
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from composing import compose

from sentcse import train
from sentcse.config import check_config
from sentcse.dashboard import shown_methods
from sentcse.errors import SentcseError
from sentcse.records.run_folder import RunFolder
from sentcse.report import run_report
from sentcse.training.run import train as run
from sentcse.training.wandb.identity import facts
from sentcse.training.wandb.panels import Place, report, workspace

RUN = [
    *("data=text", "data.path=sentences.txt", "data.cache_dir=cache", "encoder.name_or_path=tiny", "data.batch_size=8"),
    *("trainer.accelerator=cpu", "trainer.precision=32", "trainer.progress=false", "trainer.max_steps=2"),
    *("evaluation=embedded", "evaluation.pairs_dev=pairs.tsv", "evaluation.pairs_test=pairs.tsv"),
    *("evaluation.every_n_steps=2", "trainer.log_every_n_steps=1"),
]
PRINTED = "python -m sentcse.train "


def main(words: list[str]) -> None:
    """Check, two steps, a sweep of two jobs, the report, the commands that it prints, the panels."""
    chosen = [*words, *RUN]
    found: dict[str, Any] = {"misspelt": refused([*chosen, "+method.my_wait=0.3"])}
    config = check_config(compose(*chosen))
    run(config)
    with (RunFolder(config).path / "metrics.csv").open(encoding="utf-8", newline="") as lines:
        found["trained"] = sorted({int(row["step"]) for row in csv.DictReader(lines)})
    sys.argv = ["sentcse-train", "-m", *chosen, f"{option(words)}method.my_weight=0.2,0.3"]
    with suppress(SystemExit):
        train.main()
    found["runs"] = sorted(path.parent.name for path in Path("runs").glob("*/results.json"))
    found["reported"] = run_report(["runs", "output=out", "page=false"])
    summary = Path("out/summary.md").read_text(encoding="utf-8").splitlines()
    printed = [line for line in summary if line.startswith(PRINTED)]
    found["printed"] = printed
    found["made again"] = sorted(RunFolder(check_config(compose(*shlex.split(line)[3:]))).path.name for line in printed)
    found["filed"] = facts(config)["method"]
    place = Place("", "project", score="pairs", dev="pairs")
    found["panels"] = sum(len(section.panels) for section in workspace(place).sections)
    # an account whose only run this is
    account = SimpleNamespace(runs=lambda *_, **__: [SimpleNamespace(config=facts(config))])
    methods = shown_methods(account, place)
    found["dashboard"] = report(place, methods)._to_model().spec.model_dump_json(by_alias=True, exclude_none=True)
    print(json.dumps(found))


def option(words: list[str]) -> str:
    """What adds a key that no configuration file of the package has."""
    return "+" if "~method" in words else ""


def refused(words: list[str]) -> str:
    """What is said of settings that are wrong."""
    try:
        config = check_config(compose(*words))
        run(config)
    except SentcseError as fault:
        return str(fault)
    except TypeError as defect:
        return f"TypeError: {defect}"
    return "nothing"


if __name__ == "__main__":
    main(sys.argv[1:])
