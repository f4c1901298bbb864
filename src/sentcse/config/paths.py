"""Where the configuration files lie."""

from __future__ import annotations

from pathlib import Path


def config_dir() -> Path:
    """configs/ inside the installed package, else at the top of the checkout.

    Raises:
        FileNotFoundError: if neither is there, which is a broken installation.
    """
    package = Path(__file__).resolve().parents[1]
    for candidate in (package / "configs", package.parents[1] / "configs"):
        if (candidate / "train.yaml").is_file():
            return candidate
    raise FileNotFoundError(f"no configs/ in {package} or {package.parents[1]}: reinstall sentcse")
