"""The commands that a report gives make the same runs: their configurations have the same fingerprint."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from composing import checked
from made_runs import Made, configuration, grid, make_run, make_runs

from sentcse.records.run_folder import fingerprint
from sentcse.studies.collect import collect
from sentcse.studies.remake import overrides, remake_command, remake_commands


@pytest.mark.parametrize(
    "made",
    [
        Made(),
        Made("micse", size=None, steps=None),
        Made("simcse", seed=7, tests=("stsb",), changes=(("data.low_shot.seed", 3), ("optimizer.betas", [0.8, 0.9]))),
        Made("micse", changes=(("name", None), ("method.ami_layers", [2, 3]), ("encoder.dropout", 0.2))),
        Made(changes=(("name", "mine"), ("data.path", "my folder/a=b, c.txt"))),
    ],
)
def test_a_command_makes_the_same_configuration(tmp_path: Path, made: Made) -> None:
    make_run(tmp_path, made)
    (run,) = collect([tmp_path]).runs
    python, _, module, *words = shlex.split(remake_command(run))
    assert (python, module) == ("python", "sentcse.train")
    assert fingerprint(checked(*words, f"runs.root={tmp_path}")) == fingerprint(configuration(tmp_path, made))


def test_a_grid_is_one_command_for_a_method(tmp_path: Path) -> None:
    make_runs(tmp_path, grid(("simcse", "micse"), (500, 64), (49, 48), tests=("stsb",)))
    assert remake_commands(collect([tmp_path]).runs) == [
        "python -m sentcse.train -m experiment=simcse_minilm,micse_minilm data.low_shot.size=64,500 seed=48,49 "
        "trainer.max_steps=100"
    ]


def test_what_is_no_grid_is_split(tmp_path: Path) -> None:
    make_runs(tmp_path, [*grid(("simcse",), (64, 500), (48, 49), tests=("stsb",)), Made(seed=50, tests=("stsb",))])
    assert remake_commands(collect([tmp_path]).runs) == [
        "python -m sentcse.train -m experiment=simcse_minilm data.low_shot.size=64 seed=48,49,50 trainer.max_steps=100",
        "python -m sentcse.train -m experiment=simcse_minilm data.low_shot.size=500 seed=48,49 trainer.max_steps=100",
    ]


def test_a_generator_is_named_only_for_the_method_that_reads_it(tmp_path: Path) -> None:
    make_run(tmp_path, Made("simcse", changes=(("generator.name_or_path", "runs/generator"),)))
    (run,) = collect([tmp_path]).runs
    assert not [key for key in (*run.effective, *dict(overrides(run)[1])) if key.startswith("generator")]


def test_no_path_of_this_machine_is_told(tmp_path: Path) -> None:
    make_run(tmp_path, Made("diffcse"))
    (run,) = collect([tmp_path]).runs
    assert dict(overrides(run)[1])["generator.name_or_path"] == ".../generator_seed42/model"
    assert str(tmp_path) not in remake_command(run)
