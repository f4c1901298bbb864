from __future__ import annotations

import json
from pathlib import Path

import pytest
from composing import compose

from sentcse.config.check import check_generator_config
from sentcse.config.generator_schema import GeneratorConfig, GeneratorEvaluation, HeldOut
from sentcse.config.paths import config_dir
from sentcse.errors import ConfigError

EXPERIMENTS = sorted(path.stem for path in (config_dir() / "generator_experiment").glob("*.yaml"))


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_is_valid(experiment: str) -> None:
    values = compose(f"generator_experiment={experiment}", config_name="generator_train")
    config = check_generator_config(values)
    assert config.display_name == f"generator_{experiment}"


def test_files_schema_and_page_name_the_same_settings() -> None:
    values = compose("data=text", "data.path=x.txt", config_name="generator_train")
    page = (Path(__file__).parents[2] / "docs" / "generator.md").read_text(encoding="utf-8")
    assert set(values) == set(GeneratorConfig.model_fields)
    for section, model in (("held_out", HeldOut), ("evaluation", GeneratorEvaluation)):
        assert values[section] == {name: field.default for name, field in model.model_fields.items()}
        assert [name for name in model.model_fields if f"| `{section}.{name}` |" not in page] == []
    assert values["masking_ratio"] == GeneratorConfig.model_fields["masking_ratio"].default
    assert "| `masking_ratio` |" in page


def checked(*words: str) -> GeneratorConfig:
    return check_generator_config(compose("data=text", "data.path=x.txt", *words, config_name="generator_train"))


def test_all_faults_at_once() -> None:
    device = ["trainer.accelerator=cpu", "trainer.precision=fp16"]
    steps = ["trainer.max_steps=10", "optimizer.warmup_steps=10"]
    with pytest.raises(ConfigError) as fault:
        checked("masking_rato=0.2", "held_out.share=0.9", *device, *steps)
    lines = str(fault.value).splitlines()
    assert sorted(line.split(" ")[0] for line in lines) == [
        "held_out.share",
        "masking_rato",
        "optimizer.warmup_steps=10",
        "trainer.precision=fp16",
    ]
    assert "masking_rato is not a known setting; did you mean masking_ratio?" in lines


def test_what_is_for_encoders_alone_is_refused() -> None:
    assert checked("data.duplicates=drop").data.duplicates == "drop"
    with pytest.raises(ConfigError, match=r"data\.duplicates=mask is for sentences that are negatives"):
        checked("data.duplicates=mask")
    with pytest.raises(ConfigError, match=r"encoder\.prompt='q: ' is for sentences that become vectors"):
        checked("encoder.prompt='q: '")
    with pytest.raises(ConfigError, match=r"trainer\.strategy=fsdp2 is for encoders that outgrow one device"):
        checked("trainer.strategy=fsdp2")
    with pytest.raises(ConfigError, match=r"encoder\.lora is for sentence encoders"):
        checked("+encoder.lora.rank=4")


def test_a_run_is_named_after_its_checkpoint_unless_it_has_a_name() -> None:
    assert checked("encoder.name_or_path=owner/some-model").display_name == "generator_some-model"
    assert checked("name=mine").display_name == "generator_mine"
    assert checked().method_name == "generator"


def test_a_checkpoint_without_a_mask_token(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"mask_token": None}))
    with pytest.raises(ConfigError, match=f"^encoder.name_or_path={tmp_path}: its tokenizer has no mask token"):
        checked(f"encoder.name_or_path={tmp_path}")
