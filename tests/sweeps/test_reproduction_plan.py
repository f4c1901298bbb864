"""From recipes and seeds to runs: those that the sweep will make."""

from __future__ import annotations

import pytest
from composing import checked

from sentcse.config.commands import ReproduceConfig
from sentcse.errors import ConfigError
from sentcse.records.run_folder import RunFolder
from sentcse.sweeps.reproduction_plan import jobs, plan_reproduction, seeds_of, sweep_words


def test_every_seed_of_every_recipe() -> None:
    config = ReproduceConfig(
        recipes=["simcse_bert", "micse_bert"], seeds=2, overrides=["trainer.max_steps=4"], transfer=False
    )
    planned = plan_reproduction(config)
    assert [(each.name, each.suites) for each in planned] == [("simcse_bert", ("sts",)), ("micse_bert", ("sts",))]
    assert planned[0].changes == ("trainer.max_steps=4 instead of null",)
    alone = checked("experiment=micse_bert", "seed=43", "trainer.max_steps=4")
    assert planned[1].configs[1] == alone
    assert [job.run for job in jobs(planned)][3] == RunFolder(alone).path
    assert sweep_words(config) == ["-m", "experiment=simcse_bert,micse_bert", "seed=42,43", "trainer.max_steps=4"]


def test_seeds_by_number_or_by_name() -> None:
    assert seeds_of(ReproduceConfig(seeds=3)) == [42, 43, 44]
    assert seeds_of(ReproduceConfig(seeds=[7, 1])) == [7, 1]
    with pytest.raises(ConfigError, match="names a seed twice"):
        seeds_of(ReproduceConfig(seeds=[7, 7]))


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("seed=4", "seeds=N or"),
        ("+experiment=micse_bert", "the recipes are the first words"),
        ("trainer.fast_dev_run=true", "nothing of it is kept"),
        ("sweep=low_shot", "every seed of every recipe"),
        ("-m", "not of the form key=value"),
        ("--cfg=job", "not of the form key=value"),
        ("sede=4", "sede is not a known setting"),
        ("trainer.max_steps=4,5", "names several values"),
        ("trainer.max_steps=few", "trainer.max_steps"),
        ("encoder=berd_base", "no such file in configs/encoder/"),
    ],
)
def test_settings_that_are_refused(word: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plan_reproduction(ReproduceConfig(recipes=["simcse_bert"], seeds=1, overrides=[word]))
