from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from composing import checked
from omegaconf import OmegaConf
from sweeping import results

from sentcse.config import TrainConfig, check_config
from sentcse.errors import DataError, SentcseError
from sentcse.records.finding import find_runs
from sentcse.records.run_folder import RunFolder, delete_run, fingerprint
from sentcse.records.run_lock import is_locked

Configure = Callable[..., TrainConfig]
BASE = ("data=text", "data.path=x.txt")

HOLD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from composing import checked
from sentcse.records.run_folder import RunFolder
folder = RunFolder(checked("data=text", "data.path=x.txt", f"runs.root={sys.argv[1]}"))
with folder.locked():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize(
    "without_effect",
    [
        "logger=wandb",
        "trainer.accelerator=cpu",
        "trainer.progress=false",
        "trainer.threads=1",
        "trainer.log_every_n_steps=3",
        "data.num_workers=2",
        "data.cache_dir=elsewhere",
        "data_root=elsewhere",
        "evaluation.batch_size=3",
        "trainer.fast_dev_run=true",
        "trainer.profiler=simple",
        "callbacks=model_summary",
        "callbacks=running_means",
        "evaluation.held_out.seed=3",  # of what selects without labels
        "runs.root=elsewhere",
        "overwrite=true",
        "recipe.note=x",
        "trainer.devices=[0]",
        "trainer.devices=[3]",
        "runs.jobs_per_gpu=4",
        "runs.keep=export",
        "generator.name_or_path=runs/of_diffcse",
    ],
)
def test_what_changes_no_result_changes_no_folder(without_effect: str) -> None:
    assert fingerprint(checked(*BASE, without_effect)) == fingerprint(checked(*BASE))


@pytest.mark.parametrize(
    "effect",
    [
        "seed=1",
        "optimizer.learning_rate=1e-5",
        "optimizer.betas=[0.9,0.98]",
        "method.temperature=0.1",
        "encoder.name_or_path=roberta-base",
        "encoder.pooler=avg",
        "data.path=y.txt",
        "data.max_length=64",
        "data.batch_size=32",
        "data.duplicates=drop",
        "data.duplicates=mask",
        "data.low_shot.size=100",
        "trainer.max_steps=10",
        "trainer.precision=32",
        "trainer.accumulate_grad_batches=2",
        "evaluation.every_n_steps=10",
        "evaluation.select=info_nce",
        "evaluation=none",
        "evaluation.merge=true",
        "trainer.devices=2",
        "trainer.devices=[0,1]",
    ],
)
def test_what_changes_a_result_changes_the_folder(effect: str) -> None:
    assert RunFolder(checked(*BASE, effect)).path != RunFolder(checked(*BASE)).path


def test_the_name_says_what_it_is() -> None:
    config = checked("experiment=simcse_bert", "seed=3", "runs.root=/some/where")
    assert RunFolder(config).path == Path(f"/some/where/simcse_bert_seed3_{fingerprint(config)}")


def test_two_names_of_one_number_are_one_run() -> None:
    assert fingerprint(checked(*BASE, "optimizer.learning_rate=0.00003")) == fingerprint(checked(*BASE))
    assert fingerprint(checked(*BASE, "trainer.precision='32'")) == fingerprint(checked(*BASE, "trainer.precision=32"))


def test_a_corpus_in_the_home_folder_is_one_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/some/where")
    written_out = checked("data=text", "data.path=/some/where/x.txt", "runs.root=/some/where/runs")
    with_tilde = checked("data=text", 'data.path="~/x.txt"', 'runs.root="~/runs"')
    assert RunFolder(with_tilde).path == RunFolder(written_out).path
    # all other ways to write a path name the runs that they named before
    ways = [checked("data=text", f"data.path={way}") for way in ("x.txt", "./x.txt", ".//x.txt")]
    assert len({fingerprint(way) for way in ways}) == 3


def test_how_many_devices_counts_and_not_which() -> None:
    assert fingerprint(checked(*BASE, "trainer.devices=[4,7]")) == fingerprint(checked(*BASE, "trainer.devices=2"))


def test_create_writes_the_resolved_configuration(configure: Configure) -> None:
    config = configure()
    folder = RunFolder(config)
    folder.create(config)
    values = OmegaConf.to_container(OmegaConf.load(folder.path / "config.yaml"))
    assert check_config(values) == config  # type: ignore[arg-type]
    assert folder.checkpoints.is_dir()
    assert folder.finished() is None


def test_a_complete_run_is_known_by_its_results(configure: Configure) -> None:
    folder = RunFolder(configure())
    folder.create(configure())
    folder.results.write_text(json.dumps(results()))
    assert folder.finished() == results()
    for damaged in ('{"best": ', "[]"):
        folder.results.write_text(damaged)
        with pytest.raises(SentcseError, match=r"results\.json cannot be read as JSON"):
            folder.finished()


def test_results_are_json_that_every_reader_takes(configure: Configure) -> None:
    folder = RunFolder(configure())
    folder.create(configure())
    with pytest.raises(ValueError, match="not JSON compliant"):
        folder.complete({**results(), "best": {"step": 1, "stsb_dev": float("nan")}})
    assert folder.finished() is None
    collapsed = {**results(), "best": {"step": 1, "stsb_dev": None}}
    folder.complete(collapsed)
    assert folder.finished() == collapsed
    assert not list(folder.path.glob(".results.json*"))


def test_a_place_that_cannot_be_written(configure: Configure, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where the folder should be")
    with pytest.raises(SentcseError, match=r"cannot be written \(.*\): set runs\.root to a folder that can"):
        RunFolder(configure()).create(configure())


def test_clear(configure: Configure) -> None:
    folder = RunFolder(configure())
    folder.clear()  # nothing there
    folder.create(configure())
    folder.last.write_text("x")
    folder.clear()
    assert not folder.path.exists()


def test_a_folder_of_something_else_is_not_deleted(configure: Configure) -> None:
    folder = RunFolder(configure())
    folder.path.mkdir(parents=True)
    (folder.path / "thesis.tex").write_text("all of it")
    with pytest.raises(SentcseError, match="is not a run's folder"):
        folder.clear()
    assert (folder.path / "thesis.tex").is_file()


def test_a_second_process_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    config = checked(*BASE, f"runs.root={tmp_path}")
    folder = RunFolder(config)
    folder.create(config)
    tests = str(Path(__file__).parents[1] / "helpers")
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), tests], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(SentcseError, match="Another process is training in"), folder.locked():
            pass
        with pytest.raises(SentcseError, match="Another process is training in"):
            folder.clear()
        assert folder.path.is_dir()
    finally:
        other.kill()
        other.communicate()
    with folder.locked():
        pass


def test_a_failure_is_kept_with_its_sentence(configure: Configure) -> None:
    folder = RunFolder(configure())
    folder.record_failure(SentcseError("no folder yet"))
    assert not folder.path.exists()
    folder.create(configure())
    folder.record_failure(DataError("one\ntwo"))
    assert json.loads(folder.failure.read_text())["reason"] == "one two"
    folder.record_failure(ZeroDivisionError())
    kept = json.loads(folder.failure.read_text())
    assert (kept["reason"], kept["kind"]) == ("ZeroDivisionError", "ZeroDivisionError")


def test_a_failure_is_no_failure_of_what_is_done_or_trained_elsewhere(configure: Configure) -> None:
    folder = RunFolder(configure())
    folder.create(configure())
    with folder.locked():
        assert is_locked(folder.path)
        folder.record_failure(SentcseError("another process is training"))
    assert not is_locked(folder.path)
    folder.results.write_text("{}")
    folder.record_failure(SentcseError("the report could not be printed"))
    assert not folder.failure.exists()


def test_a_folder_that_was_killed_before_its_configuration_can_be_cleared(configure: Configure) -> None:
    folder = RunFolder(configure())
    folder.path.mkdir(parents=True)
    (folder.path / ".config.yaml.123").write_text("half of")
    folder.clear()
    assert not folder.path.exists()


def test_what_is_deleted_is_gone_and_not_listed_meanwhile(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(configure())
    folder.create(configure())
    seen = []

    def look(path: Path) -> None:
        seen.append((find_runs(folder.path.parent), (path / "config.yaml").is_file()))

    monkeypatch.setattr(shutil, "rmtree", look)
    delete_run(folder.path)
    assert seen == [(([], []), True)]
    assert not folder.path.exists()


def test_the_held_out_sentences_are_part_of_a_result_that_they_select() -> None:
    free = [*BASE, "evaluation.select=info_nce"]
    assert fingerprint(checked(*free, "evaluation.held_out.seed=3")) != fingerprint(checked(*free))


def test_what_a_killed_process_was_writing_goes_when_the_run_is_taken_up(tmp_path: Path) -> None:
    config = checked(*BASE, f"runs.root={tmp_path}")
    folder = RunFolder(config)
    folder.create(config)
    left = [folder.path / ".results.json.1.partial", folder.checkpoints / ".best.ckpt.partial"]
    for partial in left:
        partial.write_text("x")
    folder.create(config)
    assert not any(partial.exists() for partial in left)
    assert (folder.path / "config.yaml").is_file()
