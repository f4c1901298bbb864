"""The published training files on the hub, and the names of miCSE's low-shot files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sentcse.errors import ConfigError, DataError

MICSE_REPO = "sap-ai-research/datasets-for-micse"
SIMCSE_REPO = "princeton-nlp/datasets-for-simcse"
OFFICIAL_SEEDS = (48, 49, 50, 51, 52)
OFFICIAL_ROWS = {0.0064: 64, 0.01: 100, 0.05: 500, 0.1: 1_000, 0.5: 5_000, 1.0: 10_000, 10.0: 100_000}
_OFFICIAL_PARTS = {
    0.0064: "000.0064",
    0.01: "000.01",
    0.05: "000.05",
    0.1: "000.10",
    0.5: "000.50",
    1.0: "001.00",
    10.0: "010.00",
}


@dataclass(frozen=True)
class HubFile:
    """A file of a dataset repository on the Hugging Face hub.

    Attributes:
        repo: repository, as owner/name.
        filename: path in it.
        revision: branch, tag or commit.
        rows: rows that the published file has; a copy with another number is refused.
    """

    repo: str
    filename: str
    revision: str = "main"
    rows: int | None = None


WIKI1M = HubFile(SIMCSE_REPO, "wiki1m_for_simcse.txt", rows=1_000_000)
NLI = HubFile(SIMCSE_REPO, "nli_for_simcse.csv")
CORPORA = ("wiki1m", "nli", "low_shot")


def official_low_shot(percent: float, seed: int) -> HubFile:
    """Name the low-shot file of Wikipedia sentences that miCSE published.

    Args:
        percent: share of the million sentences in percent; 100 is the whole file, which has no seed.
        seed: 48 to 52.

    Raises:
        DataError: a percentage or seed that was not published; says which were.
    """
    if percent == 100:
        return HubFile(MICSE_REPO, "wiki_subset_1M_100.00percent.txt", rows=1_000_000)
    if percent not in _OFFICIAL_PARTS or seed not in OFFICIAL_SEEDS:
        sizes = ", ".join(f"{size:g}" for size in sorted(_OFFICIAL_PARTS))
        raise DataError(
            f"There is no official low-shot file of {percent:g} percent with seed {seed}: {MICSE_REPO} has {sizes} "
            "percent, each with the seeds 48 to 52; set data.low_shot.official=false to cut a split of your own."
        )
    name = f"wiki_subset_1M_{_OFFICIAL_PARTS[percent]}percent_seed{seed}.txt"
    return HubFile(MICSE_REPO, name, rows=OFFICIAL_ROWS[percent])


def corpus_files(names: Sequence[str]) -> dict[str, HubFile]:
    """The published training files by the place below the data root where recipes look for them.

    Args:
        names: some of `CORPORA`; low_shot is every percentage with every seed.

    Raises:
        ConfigError: if there is no such corpus.
    """
    low_shot = [official_low_shot(percent, seed) for percent in OFFICIAL_ROWS for seed in OFFICIAL_SEEDS]
    places = {
        "wiki1m": {f"wiki/{WIKI1M.filename}": WIKI1M},
        "nli": {f"nli/{NLI.filename}": NLI},
        "low_shot": {f"wiki/{file.filename}": file for file in low_shot},
    }
    unknown = [name for name in names if name not in places]
    if len(unknown) > 0:
        raise ConfigError(f"corpora: there is no corpus {unknown[0]!r}; there are {', '.join(CORPORA)}.")
    return {place: file for name in dict.fromkeys(names) for place, file in places[name].items()}
