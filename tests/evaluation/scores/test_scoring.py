"""Tasks are loaded from files that are the published ones, or recorded as others; encoders are opened and scored."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from sentcse.config.commands import EvaluationSettings
from sentcse.errors import ConfigError, DataError
from sentcse.evaluation.scores import scoring
from sentcse.evaluation.scores.scoring import LoadedTasks, load_tasks, score_encoder
from sentcse.evaluation.tasks.sts import load_task

DEV = "STS/STSBenchmark/sts-dev.csv"


@pytest.fixture
def copied(real_data: Path, tmp_path: Path) -> Path:
    """STS-B dev and SICK dev as copies that may be damaged."""
    for file in (DEV, "SICK/SICK_trial.txt"):
        (tmp_path / "senteval" / file).parent.mkdir(parents=True)
        shutil.copyfile(real_data / "senteval" / file, tmp_path / "senteval" / file)
    return tmp_path


def load(root: Path, **options):
    return load_tasks(
        EvaluationSettings(encoder="any", tasks=["stsb", "sickr"], mode="dev", data_root=str(root), **options)
    )


def test_whole_files_are_recorded_as_such(copied):
    assert load(copied).data == {"verify": "exact", "differ": {}}


def test_every_damaged_file_is_named_at_once(copied):
    for path in copied.rglob("*.*"):
        content = path.read_bytes()
        # a letter in the last sentence: every row can still be read
        path.write_bytes(content[:-10] + bytes([content[-10] ^ 2]) + content[-9:])
    with pytest.raises(DataError, match=r"sts-dev\.csv has 1500 rows as published, but other content") as caught:
        load(copied)
    assert [name in str(caught.value) for name in (DEV, "SICK_trial.txt")] == [True, True]
    with pytest.raises(DataError, match=r"sts-dev\.csv"):
        load_task("stsb", "dev", copied)
    assert load_task("stsb", "dev", copied, level="none").pairs == 1500


def test_another_tokenisation_is_scored_only_where_it_is_asked_for(copied, caplog):
    path = copied / "senteval" / DEV
    path.write_bytes(path.read_bytes().replace(b" .\n", b".\n"))
    with pytest.raises(DataError, match="verify=text"):
        load(copied)
    with caplog.at_level(logging.WARNING, logger="sentcse"):
        loaded = load(copied, verify="text")
    assert loaded.data == {"verify": "text", "differ": {DEV: "text"}}
    assert f"1 evaluation files are not the published ones: {DEV} (text)" in caplog.text
    assert [task.pairs for task in loaded.sts] == [1500, 500]


def test_the_wrong_number_of_rows_is_never_scored_and_not_warned_of_first(copied, caplog):
    path = copied / "senteval" / DEV
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(DataError, match=r"sts-dev\.csv: expected 1500 rows, got 1499"):
        load(copied, verify="none")
    assert caplog.text == ""


def test_no_task_is_refused():
    with pytest.raises(ConfigError, match=r"^tasks is empty; name sts, "):
        load_tasks(EvaluationSettings(encoder="any", tasks=[]))


@pytest.mark.parametrize(("name", "has_geometry"), [("mine", False), ("stsb", True)])
def test_an_encoder_is_opened_as_it_is_named_here_and_scored_as_the_settings_say(
    monkeypatch, make_encoder, make_task, name, has_geometry
):
    asked = []
    generator = np.random.default_rng(0)
    rows = [(f"one {number}", f"other {number}", float(number)) for number in range(8)]
    encoder = make_encoder({text: generator.normal(size=3) for row in rows for text in row[:2]})

    def open_fake(source, **options):
        asked.append((source, options))
        return encoder

    monkeypatch.setattr(scoring.SentenceEncoder, "from_pretrained", open_fake)
    settings = EvaluationSettings(encoder="another", pooler="cls", batch_size=3, max_length=40, device="cpu")
    tasks = LoadedTasks(sts=[make_task(name, rows)], transfer=[], data={})
    (scored,) = score_encoder("this", tasks, settings, pooler="avg", known_as="owner/name")
    assert asked == [("this", {"pooler": "avg", "max_length": 40, "known_as": "owner/name"})]
    assert encoder.devices == ["cpu"]
    assert {(call["batch_size"], call["max_length"]) for call in encoder.calls} == {(3, 40)}
    assert (scored.source, scored.pooler, scored.recorded_pooler) == ("this", "avg", None)
    assert (scored.mteb, scored.dimensions) == (None, None)
    assert scored.evaluation.sts[name].pairs == 8
    assert (scored.evaluation.geometry is not None) == has_geometry


def test_more_values_than_a_vector_has_are_refused(monkeypatch, make_encoder, make_task):
    encoder = make_encoder(lambda _: [1.0, 2.0, 3.0])
    monkeypatch.setattr(scoring.SentenceEncoder, "from_pretrained", lambda *_, **__: encoder)
    settings = EvaluationSettings(encoder="this", device="cpu", truncate_dim=[2, 4, 3])
    tasks = LoadedTasks(sts=[make_task("mine", [("a", "b", 1.0), ("a", "c", 2.0)])], transfer=[], data={})
    with pytest.raises(ConfigError, match=r"^truncate_dim=4: the vectors of this have 3 values; name no more\.$"):
        score_encoder("this", tasks, settings)
    assert [call["sentences"] for call in encoder.calls] == [["a"]]
