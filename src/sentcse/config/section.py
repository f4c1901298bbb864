"""What every part of the schema is made of."""

from __future__ import annotations

import os
import os.path
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError, PydanticKnownError


def expand_home(value: Any) -> Any:
    """A path with the home folder for a leading `~`, which a shell leaves alone in key=value; all else as it is."""
    # pathlib would write ./x as x, and so rename the runs of such a corpus
    return os.path.expanduser(value) if isinstance(value, str | os.PathLike) else value


def local_path(value: Any) -> Any:
    """As `expand_home`, of a `file://` address the path.

    Raises:
        PydanticCustomError: for an address elsewhere, which would be taken for a folder named `s3:`.
    """
    scheme, separator, path = value.partition("://") if isinstance(value, str) else ("", "", "")
    if separator == "" or not scheme.isalnum():
        return expand_home(value)
    if scheme == "file" and path.startswith("/"):
        return path
    raise PydanticCustomError(
        "address",
        "files are read and written on this machine alone; mount the address as a folder, or copy what lies there",
    )


def source(value: Any) -> Any:
    """A path object as the text that the command line would give, and an address as `local_path` takes it."""
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    return local_path(text) if isinstance(text, str) and "://" in text else text


Number = Annotated[float, Field(allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1)]
LocalPath = Annotated[str, Field(min_length=1), BeforeValidator(local_path)]
"""A file or folder on this machine, or a name that may stand in its place."""
Source = Annotated[str, Field(min_length=1), BeforeValidator(source)]
"""An encoder: a folder, a checkpoint, a hub name, `package:NAME/FOLDER`."""


class Section(BaseModel):
    """A group of settings: unknown keys are refused, values do not change once checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse true and false for a number, which pydantic would take for 1 and 0."""
        truths = any(isinstance(each, bool) for each in (value if isinstance(value, list) else [value]))
        if truths and info.field_name is not None:
            kinds = set(_kinds(cls.model_fields[info.field_name].annotation))
            if bool not in kinds and kinds & {int, float}:
                raise PydanticKnownError("int_type" if int in kinds else "float_type")
        return value


def _kinds(annotation: Any) -> Iterator[Any]:
    """A type, or all that a union or an annotated one is made of."""
    inner = get_args(annotation)
    yield from (kind for each in inner for kind in _kinds(each)) if inner else (annotation,)


def flat(config: Mapping[str, Any], *, separator: str = ".") -> dict[str, Any]:
    """The leaves of a nested configuration by keys such as `data.low_shot.size`; an empty group is a leaf."""
    leaves: dict[str, Any] = {}
    for key, value in config.items():
        inside = flat(value, separator=separator) if isinstance(value, Mapping) else {}
        leaves |= (
            {f"{key}{separator}{below}": leaf for below, leaf in inside.items()}
            if len(inside) > 0
            else {str(key): value}
        )
    return leaves


Level = Literal["exact", "text", "none"]
"""How much of a copy must be right: every byte; rows, letters and numbers; nothing."""
