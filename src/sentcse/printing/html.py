"""Pages from templates: all text is escaped, and what a template names must be there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sentcse.errors import SentcseError


def render_template(template: str, *folders: Path, **values: Any) -> str:
    """A template of `folders`, of the first that has it, with its values."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(template).render(**values)


def require(*packages: str, otherwise: str = "") -> None:
    """Find out before any work whether a page can be made.

    Args:
        packages: that it needs, of the extra `analysis`.
        otherwise: what else helps, behind "or".

    Raises:
        SentcseError: if one is not installed.
    """
    for package in packages:
        try:
            __import__(package)
        except ImportError:
            more = f", or {otherwise}" if otherwise else ""
            raise SentcseError(
                f"The page needs {package}, which is not installed: pip install 'sentcse[analysis]'{more}."
            ) from None
