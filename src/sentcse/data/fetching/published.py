"""The published training files on the hub, and the names of miCSE's low-shot files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sentcse.config.data import HubFile
from sentcse.data.fetching.download import fetch_hub_file
from sentcse.data.text_file import TextFile
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


class PublishedFile(TextFile):
    """A file of the hub as a source: fetched if nothing lies at `path`, and refused with another number of rows.

    Args:
        path: where it lies, or shall lie.
        file: what it is.
        columns: names of one to three columns; None for all.
        encoding: encoding of the file.

    Raises:
        DataError: `columns` are not one to three names.
    """

    def __init__(
        self, path: str | Path, *, file: HubFile, columns: Sequence[str] | None = None, encoding: str = "utf-8"
    ) -> None:
        super().__init__(path, columns=columns, encoding=encoding)
        self.file = file

    def fetch(self) -> None:
        """Download it, unless it lies there already; raises DataError as `fetch_hub_file`."""
        fetch_hub_file(self.file, self.path)

    def check_rows(self, found: int) -> None:
        """Refuse another number of rows than were published; raises DataError."""
        if self.file.rows not in (None, found):
            raise DataError(
                f"{self.name} has {found:,} rows, where the published file has {self.file.rows:,}: "
                "delete it to have it downloaded again, or give it another name to train on it as it is."
            )


WIKI1M = HubFile(repo=SIMCSE_REPO, filename="wiki1m_for_simcse.txt", rows=1_000_000)
NLI = HubFile(repo=SIMCSE_REPO, filename="nli_for_simcse.csv")
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
        return HubFile(repo=MICSE_REPO, filename="wiki_subset_1M_100.00percent.txt", rows=1_000_000)
    if percent not in _OFFICIAL_PARTS or seed not in OFFICIAL_SEEDS:
        sizes = ", ".join(f"{size:g}" for size in sorted(_OFFICIAL_PARTS))
        raise DataError(
            f"There is no official low-shot file of {percent:g} percent with seed {seed}: {MICSE_REPO} has {sizes} "
            "percent, each with the seeds 48 to 52; set data.low_shot.official=false to cut a split of your own."
        )
    name = f"wiki_subset_1M_{_OFFICIAL_PARTS[percent]}percent_seed{seed}.txt"
    return HubFile(repo=MICSE_REPO, filename=name, rows=OFFICIAL_ROWS[percent])


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
