"""Settings of the corpus: the split's seed, and which file is the published one."""

from __future__ import annotations

from composing import change, checked, compose

from sentcse.config import check_config


def test_the_low_shot_seed_is_the_runs_unless_set() -> None:
    assert checked("seed=7").data.low_shot.seed == 7
    assert checked("seed=7", "data.low_shot.seed=8").data.low_shot.seed == 8


def test_a_corpus_of_another_name_is_not_the_published_file() -> None:
    """`experiment=simcse_bert data.path=mine.txt` neither downloads Wikipedia to mine.txt nor asks for its size."""
    assert check_config(compose("data=wiki1m")).data.published_file is not None
    assert check_config(compose("data=wiki1m", "data.path=/x/wiki1m_for_simcse.txt")).data.published_file is not None
    assert check_config(compose("data=wiki1m", "data.path=mine.txt")).data.published_file is None
    assert check_config(change()).data.published_file is None
