from __future__ import annotations

import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import OmegaConf

from sentcse.command.composition import as_word, compose, explain_composition, plain_values, tolerant_overrides
from sentcse.config.paths import config_dir
from sentcse.errors import ConfigError


def test_compose_gives_what_the_command_would_and_leaves_hydra_as_it_was() -> None:
    values = compose(["experiment=simcse_minilm", "seed=7"])
    assert (values["seed"], values["data"]["low_shot"]["seed"], values["name"]) == (7, 7, "simcse_minilm")
    assert "hydra" not in values
    assert not GlobalHydra.instance().is_initialized()
    assert HydraConfig.instance().cfg is None


def test_compose_leaves_hydra_as_it_was_after_a_fault() -> None:
    with pytest.raises(ConfigError, match="no option here"):
        compose(["--seed=7"])
    assert not GlobalHydra.instance().is_initialized()
    assert HydraConfig.instance().cfg is None


def test_tolerant_overrides() -> None:
    stay = ["experiment=x", "data=text", "hydra.run.dir=.", "hydra/launcher=joblib", "+a=1", "~b", "--cfg", "job"]
    assert tolerant_overrides(stay, config_dir()) == stay
    assert tolerant_overrides(["seed=1", "data.path=x", "no.such_key="], config_dir()) == [
        "++seed=1",
        "++data.path=x",
        "++no.such_key=",
    ]
    assert tolerant_overrides(["seed=1,2", "-m", "data=text"], config_dir()) == ["-m", "++seed=1,2", "data=text"]


@pytest.mark.parametrize("word", ["hydra.run.dir=foo", "hydra.sweep.dir=runs/mine", "hydra.sweep.subdir=a"])
def test_folders_of_hydra_are_refused(word: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{word} would not move a run: set runs\.root to the folder"):
        tolerant_overrides([word], config_dir())


def test_lightning_may_give_a_further_process_the_folder_here() -> None:
    words = ['hydra.run.dir="."', "hydra.job.name=train_ddp_process_1", "hydra.output_subdir=null"]
    assert tolerant_overrides(words, config_dir()) == words


@pytest.mark.parametrize("text", ["", "a b", 'say "a"', "a\\", 'a\\"b', "a\\b", "a,b", "/x(1)/y", "{a}", "plain/word"])
def test_a_value_comes_back_as_it_was_written(text: str) -> None:
    assert compose([f"encoder.name_or_path={as_word(text)}"])["encoder"]["name_or_path"] == text


def test_a_key_that_is_taken_out_has_its_default() -> None:
    values = compose(["experiment=simcse_bert", "trainer.max_steps=7", "~trainer.max_steps", "~method"])
    assert "max_steps" not in values["trainer"]
    assert "method" not in values
    with pytest.raises(ConfigError, match=r"^data\.low_shot\.seed takes its value from seed, which is not there"):
        compose(["experiment=simcse_bert", "~seed"])
    with pytest.raises(HydraException, match=r"'trainer\.nothing' does not exist"):
        compose(["experiment=simcse_bert", "~trainer.nothing"])


def test_flags_of_the_published_code_get_a_sentence() -> None:
    with pytest.raises(ConfigError, match=r"--learning_rate is no option here: .* key=value.*published_flags"):
        tolerant_overrides(["--learning_rate", "3e-5"], config_dir())
    assert tolerant_overrides(["--cfg=job", "--multirun"], config_dir()) == ["--multirun", "--cfg=job"]


def test_missing_values_are_left_out() -> None:
    assert plain_values(OmegaConf.create({"a": "???", "b": {"c": "???", "d": 1}})) == {"b": {"d": 1}}


def test_a_foreign_error_is_said_in_its_own_words() -> None:
    assert explain_composition(ValueError("first\nsecond")) == "first"
    assert explain_composition(ValueError()) == "ValueError"


def test_words_for_the_shell_completion_are_left_to_hydra() -> None:
    assert tolerant_overrides(["-sc", "install=bash"], config_dir()) == ["-sc", "install=bash"]
