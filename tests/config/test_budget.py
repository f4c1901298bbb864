from __future__ import annotations

import pytest
import yaml
from composing import checked

from sentcse.config.budget import PUBLISHED_EPOCHS, published_epochs
from sentcse.config.paths import config_dir
from sentcse.errors import ConfigError
from sentcse.records.run_folder import fingerprint

PUBLISHED = {"micse_bert_10": 10.0, "micse_bert_1": 1.0, "micse_bert_01": 0.1, "micse_bert_001": 0.01}


@pytest.mark.parametrize(("experiment", "percent"), PUBLISHED.items())
def test_the_table_is_that_of_the_published_recipes(experiment: str, percent: float) -> None:
    recipe = checked(f"experiment={experiment}")
    assert recipe.data.low_shot.percent == percent
    assert published_epochs(percent, None) == recipe.trainer.max_epochs
    size = round(percent * 10_000)
    assert published_epochs(None, size) == PUBLISHED_EPOCHS[size] == recipe.trainer.max_epochs


@pytest.mark.parametrize("percent", [10, 1, 0.1, 0.01])
def test_epochs_follow_the_size(percent: float) -> None:
    config = checked("experiment=simcse_bert", "budget=epochs", f"data.low_shot.percent={percent}")
    assert (config.budget, config.trainer.max_steps) == ("epochs", None)
    assert config.trainer.max_epochs == published_epochs(percent, None)


def test_steps_do_not() -> None:
    for size in (64, 10_000):
        config = checked(
            "experiment=micse_bert_1",
            "data.low_shot.official=false",
            "data.low_shot.percent=null",
            f"data.low_shot.size={size}",
            "budget=steps",
            "trainer.max_steps=100",
        )
        assert (config.budget, config.trainer.max_steps) == ("steps", 100)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["budget=epochs"], "budget=epochs is the published number of epochs of a low-shot split"),
        (["budget=epochs", "data.low_shot.size=64"], "No number of epochs was published for a split of 64 sentences"),
        (["budget=epochs", "data.low_shot.percent=0.05"], "published for a split of 0.05 percent"),
        (["budget=steps", "trainer.max_steps=null"], "budget=steps gives every size the same number"),
        (
            ["budget=epochs", "data.low_shot.size=100", "trainer.max_steps=5"],
            "trainer.max_steps=5 ends the run at a step",
        ),
    ],
)
def test_what_is_refused(words: list[str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        checked("experiment=simcse_bert", *words)


def test_a_number_of_epochs_may_be_given() -> None:
    config = checked("experiment=simcse_bert", "budget=epochs", "data.low_shot.size=64", "trainer.max_epochs=7")
    assert config.trainer.max_epochs == 7


def test_the_word_changes_no_folder_and_neither_do_epochs_beside_steps() -> None:
    plain = checked("experiment=simcse_bert", "trainer.max_steps=100")
    assert fingerprint(checked("experiment=simcse_bert", "trainer.max_steps=100", "budget=steps")) == fingerprint(plain)
    assert fingerprint(
        checked("experiment=simcse_bert", "trainer.max_steps=100", "trainer.max_epochs=9")
    ) == fingerprint(plain)
    assert fingerprint(checked("experiment=simcse_bert", "trainer.max_epochs=9")) != fingerprint(
        checked("experiment=simcse_bert")
    )


@pytest.mark.parametrize("name", sorted(path.stem for path in (config_dir() / "sweep").glob("*.yaml")))
def test_every_sweep_composes_with_the_first_value_of_each_axis(name: str) -> None:
    params = yaml.safe_load((config_dir() / "sweep" / f"{name}.yaml").read_text())["hydra"]["sweeper"]["params"]
    assert params["seed"] == "48,49,50,51,52"
    first = [f"{key}={str(values).split(',')[0]}" for key, values in params.items()]
    experiment = [] if "experiment" in params else ["experiment=micse_bert"]
    config = checked(f"sweep={name}", *experiment, *first)
    assert config.budget == ("epochs" if name == "low_shot_published" else "steps")
    assert (config.seed, config.data.low_shot.seed) == (48, 48)
    assert config.data.low_shot.official == (name != "low_shot")
