"""What `python -m sentcse.data` does: a table of what lies there, and fetching what does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sentcse.config.commands import DataKitConfig
from sentcse.config.data import HubFile
from sentcse.config.tasks import task_of
from sentcse.data.fetching.download import fetch_hub_file
from sentcse.data.fetching.manifest import TOLERATED, FileCheck, check_file, explain, load_manifest
from sentcse.data.fetching.published import corpus_files
from sentcse.data.fetching.senteval_download import fetch_senteval
from sentcse.data.fetching.sources import files_of, terms_of
from sentcse.data.text_file import TextFile
from sentcse.errors import DataError

WIDTHS = (50, 19, 9, 6)
_HASHES = {
    "ok": "ok",
    "missing": "missing",
    "rows": "wrong",
    "line ends": "line ends",
    "text": "tokens",
    "bytes": "wrong",
}
_CORPUS_TERMS = "corpora: sentences of English Wikipedia, SNLI and MultiNLI; see the repositories that they come from"


def verify_kit(config: DataKitConfig) -> None:
    """Print every file with its rows, its hash and its task.

    Raises:
        ConfigError: if there is no such task or corpus.
        DataError: one sentence a line for every file that is missing or wrong.
    """
    root = Path(config.data_root)
    senteval = root / "senteval"
    manifest = load_manifest()
    checks = [check_file(senteval, manifest[path]) for path in files_of(config.tasks)]
    corpora = corpus_files(config.corpora)
    print(_line("file", "rows found/expected", "hash", "task"))
    for check in checks:
        print(_file_line(check))
    faults = [explain(check, senteval) for check in checks if check.state not in TOLERATED[config.verify]]
    faults += list(_verify_corpora(root, corpora))
    print(f"{len(checks) + len(corpora)} files, {len(faults)} missing or wrong, in {root.absolute()}")
    if len(faults) > 0:
        raise DataError("\n".join(faults))


def download_kit(config: DataKitConfig) -> None:
    """Fetch what is missing or wrong and print where it came from and under which terms it may be used.

    Raises:
        ConfigError: if there is no such task or corpus.
        DataError: if a file cannot be had.
    """
    root = Path(config.data_root)
    manifest = load_manifest()
    checks = [check_file(root / "senteval", manifest[path]) for path in files_of(config.tasks)]
    wanted = [check.file.path for check in checks if check.state not in TOLERATED[config.verify]]
    corpora = corpus_files(config.corpora)
    origins = fetch_senteval(root, wanted, level=config.verify)
    for path, origin in origins.items():
        print(f"{path} from {origin}")
    for destination, file in corpora.items():
        if not (root / destination).is_file():
            fetch_hub_file(file, root / destination)
            print(f"{destination} from {file.repo}")
    notes = [*terms_of(files_of(config.tasks)), *([_CORPUS_TERMS] if len(corpora) > 0 else [])]
    print("\n".join(["The data belong to others, and you are responsible for their terms:", *notes, ""]))


def _verify_corpora(root: Path, corpora: dict[str, HubFile]) -> Iterator[str]:
    """Print a line for each corpus; yield what is wrong. Only rows are known of them: the hub has their hashes."""
    for destination, file in corpora.items():
        path = root / destination
        again = "fetch it with `python -m sentcse.data download` and the same corpora="
        if not path.is_file():
            print(_line(destination, f"0 / {_expected(file)}", "missing", "corpus"))
            yield f"{path} is missing: {again}."
            continue
        found = sum(1 for _ in TextFile(path).iter_records())
        wrong = file.rows is not None and found != file.rows
        print(_line(destination, f"{found:,} / {_expected(file)}", "rows" if wrong else "not known", "corpus"))
        if wrong:
            yield f"{path}: expected {file.rows:,} rows, got {found:,}; delete it and {again}."


def _expected(file: HubFile) -> str:
    return "?" if file.rows is None else f"{file.rows:,}"


def _file_line(check: FileCheck) -> str:
    rows = f"{check.rows:,} / {check.file.rows:,}"
    return _line(check.file.path, rows, _HASHES[check.state], task_of(check.file.path).label)


def _line(*cells: str) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()
