from __future__ import annotations

import pytest

from sentcse.data.fetching.published import (
    CORPORA,
    OFFICIAL_ROWS,
    OFFICIAL_SEEDS,
    SIMCSE_REPO,
    corpus_files,
    official_low_shot,
)
from sentcse.errors import ConfigError, DataError


@pytest.mark.parametrize(
    ("percent", "seed", "name"),
    [
        (0.0064, 48, "wiki_subset_1M_000.0064percent_seed48.txt"),
        (0.1, 50, "wiki_subset_1M_000.10percent_seed50.txt"),
        (1, 52, "wiki_subset_1M_001.00percent_seed52.txt"),
        (10, 49, "wiki_subset_1M_010.00percent_seed49.txt"),
        (100, 0, "wiki_subset_1M_100.00percent.txt"),
    ],
)
def test_names_as_in_the_repository(percent: float, seed: int, name: str) -> None:
    file = official_low_shot(percent, seed)
    assert file.filename == name
    assert file.rows == round(percent * 10_000)


def test_all_thirty_five_exist() -> None:
    names = {official_low_shot(percent, seed).filename for percent in OFFICIAL_ROWS for seed in OFFICIAL_SEEDS}
    assert len(names) == 35


@pytest.mark.parametrize(("percent", "seed"), [(0.2, 48), (0.1, 47)])
def test_others_are_refused_with_a_list(percent: float, seed: int) -> None:
    with pytest.raises(
        DataError, match=r"has 0\.0064, 0\.01, 0\.05, 0\.1, 0\.5, 1, 10 percent, each with the seeds 48 to 52"
    ):
        official_low_shot(percent, seed)


def test_corpora_lie_where_recipes_look() -> None:
    files = corpus_files(CORPORA)
    assert len(files) == 2 + 35
    assert files["wiki/wiki1m_for_simcse.txt"].rows == 1_000_000
    assert files["nli/nli_for_simcse.csv"].repo == SIMCSE_REPO
    assert files["wiki/wiki_subset_1M_000.10percent_seed50.txt"] == official_low_shot(0.1, 50)
    assert corpus_files([]) == {}
    with pytest.raises(ConfigError, match="there is no corpus 'wiki'; there are wiki1m, nli, low_shot"):
        corpus_files(["wiki"])
