"""Runs are made once, on what is not held out; a kill between two of them costs the one that was under way."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_findings import worth_config

from sentcse.config.worth import WorthConfig
from sentcse.records.run_folder import RunFolder
from sentcse.worth import inquiry as module
from sentcse.worth.inquiry import find_out, opened_start, read_corpus
from sentcse.worth.plan import plan


@pytest.fixture
def config(inputs: Path, tmp_path: Path) -> WorthConfig:
    return worth_config(
        encoder=str(inputs / "encoder"),
        pairs=str(inputs / "pairs.tsv"),
        methods=["simcse"],
        steps=[1, 3],
        held_out=8,
        bootstrap=100,
        data_root=str(tmp_path),
        output=str(tmp_path / "worth"),
        overrides=[
            f"data.path={inputs}/sentences.txt",
            f"data.cache_dir={tmp_path}/cache",
            "data.batch_size=8",
            "trainer.accelerator=cpu",
            "trainer.precision=32",
            "optimizer.learning_rate=1e-3",
        ],
    )


def test_an_interrupted_inquiry_goes_on(
    config: WorthConfig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train, made = module.train, []

    def stopping(trial: object) -> object:
        if len(made) == 1:
            raise KeyboardInterrupt
        made.append(trial)
        return train(trial)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(module, "train", stopping)
        with pytest.raises(KeyboardInterrupt):
            find_out(config, command="x")
    capsys.readouterr()
    found = find_out(config, command="x")
    said = capsys.readouterr().out
    assert "simcse, 1 steps: done before" in said
    assert "simcse, 3 steps: training" in said
    again = find_out(config, command="x")
    assert again.as_dict() == found.as_dict()

    assert (found.pairs, found.general_pairs, found.corpus.part.size, len(found.corpus.part.held_out)) == (
        30,
        300,
        32,
        8,
    )
    results = [RunFolder(each.config).finished() for each in plan(config, size=32)]
    assert [each["data"]["sentences"] for each in results if each is not None] == [32, 32]
    short, long = (each.outcome for each in found.tried)
    assert short.agreement > long.agreement
    assert short.own is not None
    assert long.own is not None
    assert short.own.before == long.own.before
    assert long.own.after != short.own.after
    assert all(each.cost.bytes > 0 for each in found.tried)
    # a fast machine has done so little in 0 of the tenths that a run notes
    assert [each.cost.seconds for each in found.tried] == [each["seconds"] for each in results if each is not None]


def test_a_prompt_of_the_runs_is_before_every_text(config: WorthConfig, inputs: Path) -> None:
    prompted = config.model_copy(update={"overrides": [*config.overrides, "encoder.prompt='music '"]})
    start = opened_start(prompted)
    part = read_corpus(prompted, start, []).part
    music = start.tokenizer("music")["input_ids"][1]
    assert start.prompt == "music "
    assert {int(ids[1]) for ids in part.held_out} == {music}
    assert set(part.texts) <= set((inputs / "sentences.txt").read_text().splitlines())
    assert opened_start(config).prompt == ""
