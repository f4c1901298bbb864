from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from types import SimpleNamespace

import pytest
from composing import checked
from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra

from sentcse.command.composition import quoted
from sentcse.config import TrainConfig
from sentcse.config.paths import config_dir
from sentcse.errors import ConfigError
from sentcse.records.sweep_record import Job
from sentcse.sweeps.sweep import batches
from sentcse.sweeps.sweep_plan import Combination, combinations, command_line, plan


@pytest.fixture
def loader() -> Iterator[ConfigLoader]:
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


def overrides(found: Sequence[Combination]) -> list[tuple[str, ...]]:
    return [each.overrides for each in found]


def test_every_combination_of_the_axes(loader: ConfigLoader) -> None:
    found = combinations(["experiment=a,b", "++seed=1,2", "++trainer.max_steps=5"], {}, loader)
    assert overrides(found) == [
        (f"experiment={name}", f"++seed={seed}", "++trainer.max_steps=5") for name in "ab" for seed in (1, 2)
    ]
    assert found[1].settings == {"experiment": "a", "seed": "2"}


def test_the_command_line_replaces_an_axis_of_a_file(loader: ConfigLoader) -> None:
    params = {"data.low_shot.size": "64,100", "seed": [48, 49]}
    assert len(combinations([], params, loader)) == 4
    found = combinations(["++data.low_shot.size=7", "++seed=1,2,3"], params, loader)
    assert overrides(found) == [("++data.low_shot.size=7", f"++seed={seed}") for seed in (1, 2, 3)]
    (alone,) = combinations(["++seed=1"], {"seed": "48,49"}, loader)
    assert alone.settings == {}


def test_values_with_commas_are_no_axes(loader: ConfigLoader) -> None:
    (found,) = combinations(["++evaluation.test=[stsb,sickr]", '++data.path="a,b.txt"'], {}, loader)
    assert found.overrides == ("++evaluation.test=[stsb,sickr]", '++data.path="a,b.txt"')


def test_lists_can_be_values_of_an_axis(loader: ConfigLoader) -> None:
    found = combinations(["++method.ami_layers=[1,2],[2,3]"], {}, loader)
    assert [each.settings["method.ami_layers"] for each in found] == ["[1,2]", "[2,3]"]


def test_an_interval_has_no_combinations(loader: ConfigLoader) -> None:
    with pytest.raises(ConfigError, match="name the values of an axis one by one"):
        combinations(["++seed=interval(1,5)"], {}, loader)


def test_jobs_are_numbered_without_those_that_are_the_same_run() -> None:
    chosen = [Combination((f"seed={seed}", f"trainer.threads={n}"), {}) for seed in (1, 2) for n in (1, 2)]

    def config_of(words: Sequence[str]) -> TrainConfig:
        if words[0] == "seed=2":
            raise ConfigError("one\ntwo")
        return checked("experiment=simcse_bert", *words)

    jobs = plan(chosen, config_of)
    assert [(job.number, job.fault) for job in jobs] == [(1, None), (2, "one\ntwo"), (3, "one\ntwo")]


def test_small_parts(loader: ConfigLoader) -> None:
    jobs = [Job(number, (), {}, None, None, None) for number in range(5)]
    assert [len(batch) for batch in batches(jobs, 2)] == [2, 2, 1]
    assert [len(batch) for batch in batches(jobs, None)] == [5]
    (found,) = combinations([f"hydra.sweep.dir={quoted('a b/c,d=e')}"], {}, loader)
    assert found.overrides == ('hydra.sweep.dir="a b/c,d=e"',)


def test_a_key_that_is_taken_out_is_so_in_every_job(loader: ConfigLoader) -> None:
    found = combinations(["~trainer.max_steps", "++seed=1,2"], {}, loader)
    assert [each.overrides for each in found] == [("~trainer.max_steps", f"++seed={seed}") for seed in (1, 2)]


def test_a_sweep_has_no_trials() -> None:
    """What keeps nothing would count as missing."""
    words = [Combination(("seed=1",), {}), Combination(("seed=2", "trainer.fast_dev_run=true"), {})]
    run, trial = plan(words, lambda overrides: checked("data=text", "data.path=x.txt", *overrides))
    assert run.fault is None
    assert trial.config is None
    assert trial.fault is not None
    assert trial.fault.startswith("trainer.fast_dev_run=true tries one run out and keeps nothing")


def test_the_command_of_a_reproduction_is_that_of_its_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    main = SimpleNamespace(__spec__=SimpleNamespace(name="sentcse.reproduce"))
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.setattr(sys, "argv", ["sentcse-train", "-m", "experiment=simcse_bert", "seed=42,43"])
    assert command_line() == "python -m sentcse.train -m experiment=simcse_bert seed=42,43"
