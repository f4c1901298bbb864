"""JSON of a run or a sweep, read back by the schema that says what is written."""

from __future__ import annotations

import reprlib
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from sentcse.errors import SentcseError
from sentcse.machine.files import read_json
from sentcse.records.layout import FORMAT

T = TypeVar("T")


def read_checked(path: Path, schema: TypeAdapter[T], *, newest: int) -> T:
    """The content of a JSON file; keys that the schema does not know are left out.

    Args:
        path: the file.
        schema: what must be in it.
        newest: the highest format number that is understood. A file without a number is of format 1.

    Raises:
        SentcseError: if the file cannot be read, is of a newer version, or holds something else.
    """
    content = read_json(path)
    # the format first: a newer one may have other keys
    found = content.get(FORMAT, 1)
    if found not in range(1, newest + 1):
        raise SentcseError(f"{path} has format {reprlib.repr(found)}, not {newest}: update sentcse.")
    return checked(content, schema, path)


def checked(content: object, schema: TypeAdapter[T], path: Path) -> T:
    """What was read from a file, as the schema has it; no text is taken for a number.

    Raises:
        SentcseError: naming the file and the first key that is not as it must be.
    """
    try:
        return schema.validate_python(content, strict=True)
    except ValidationError as error:
        raise SentcseError(f"{path} is damaged: {_sentence(error.errors())}.") from None


def _sentence(errors: list[ErrorDetails]) -> str:
    missing = [_key(error) for error in errors if error["type"] == "missing"]
    if len(missing) > 0:
        return f"{', '.join(missing)} is missing in it"
    first = errors[0]
    said = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    # bounded: what stands there may be of any length
    return f"{_key(first)} {said[:1].lower()}{said[1:]}, got {reprlib.repr(first['input'])}"


def _key(error: ErrorDetails) -> str:
    return ".".join(map(str, error["loc"]))
