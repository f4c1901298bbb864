"""From pydantic's errors to one plain sentence each."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from sentcse.config.method_options import METHOD_OPTIONS
from sentcse.config.schema import NAME_PATTERN
from sentcse.config.vocabulary import OTHER_NAMES, OTHER_VALUES

BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "list": "a list",
    "tuple": "a list",
    "dict": "a group of settings",
    "model": "a group of settings",
}


def explain_all(model: type[BaseModel], errors: Sequence[ErrorDetails], tags: dict[str, type[BaseModel]]) -> list[str]:
    """One sentence for each faulty key: which, what it may be, what it was.

    Args:
        model: the schema that was not met.
        errors: `ValidationError.errors()`.
        tags: options class by the tag that pydantic puts into the path of a method's faults.
    """
    by_path: dict[str, str] = {}
    for error in errors:
        path, section = _walk(model, error["loc"], tags)
        # a key that may be of several kinds has a fault for each; the first is enough
        by_path.setdefault(path, _sentence(path, section, error, model))
    # and where it may be a list, the fault of an element says more than "not a number"
    inner = {path for path in by_path if any(other.startswith(f"{path}.") for other in by_path)}
    # a key that takes its value from another one only repeats its fault
    taken = {path for path, text in by_path.items() if any(text.endswith(f".{said}") for said in by_path.values())}
    return [text for path, text in by_path.items() if path not in inner | taken]


def _walk(
    model: type[BaseModel], location: Sequence[int | str], tags: dict[str, type[BaseModel]]
) -> tuple[str, type[BaseModel] | None]:
    """The key as the user writes it, and the section that holds it."""
    section: type[BaseModel] | None = model
    holder: type[BaseModel] | None = model
    shown: list[str] = []
    for part in location:
        if str(part) in tags:
            section = tags[str(part)]
            continue
        if section is not None:
            holder = section
            shown.append(str(part))
            section = _inner_section(section, str(part)) if str(part) in section.model_fields else None
        elif isinstance(part, int):
            shown.append(str(part))
        # else: pydantic's name of one of the kinds that the key may be of
    return ".".join(shown), holder


def _inner_section(section: type[BaseModel], key: str) -> type[BaseModel] | None:
    annotation = section.model_fields[key].annotation
    candidates = [annotation, *get_args(annotation)]
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)


def _sentence(path: str, section: type[BaseModel] | None, error: ErrorDetails, model: type[BaseModel]) -> str:
    kind, got = error["type"], "null" if error["input"] is None else repr(error["input"])
    context: dict[str, Any] = error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{path} is not a known setting{_suggestion(section, path, model)}"
    if kind == "missing":
        return f"{path} is required and was not given."
    if kind == "literal_error":
        meant = OTHER_VALUES.get(path, {}).get(str(error["input"]))
        return f"{path} must be {context['expected']}, got {got}{'' if meant is None else f': write {path}={meant}'}."
    if kind == "string_too_short" or (kind == "too_short" and len(error["input"]) == 0):
        return f"{path} must not be empty."
    if kind == "string_too_long":
        return f"{path} must be of at most {context['max_length']} characters, got {len(error['input'])}."
    if context.get("pattern") == NAME_PATTERN:
        alone = ", and not of dots alone" if set(str(error["input"])) == {"."} else ""
        return f"{path} must be of letters, digits, dots, hyphens, underscores and plus signs{alone}, got {got}."
    if any(key in context for key in BOUNDS):
        limits = {word: context[key] for key, word in BOUNDS.items() if key in context}
        bounds = [f"{word} {limit if isinstance(limit, int) else f'{limit:g}'}" for word, limit in limits.items()]
        return f"{path} must be {' and '.join(bounds)}, got {got}."
    expected = KINDS.get(kind.split("_")[0])
    if expected is not None and kind.endswith(("_type", "_parsing", "_from_float")):
        value = error["input"]
        is_one = expected == KINDS["list"] and isinstance(value, str | int | float)
        return f"{path} must be {expected}, got {got}{f': write {path}=[{value}]' if is_one else ''}."
    return f"{path}: {error['msg'][:1].lower()}{error['msg'][1:]}, got {got}."


def _suggestion(section: type[BaseModel] | None, path: str, model: type[BaseModel]) -> str:
    if section is None:
        return "."
    parents, _, name = path.rpartition(".")
    known = list(_dotted_keys(model))
    # the very name under another section, or another tool's word for it, is likelier than a word of like letters
    meant = [key for key in known if key.rpartition(".")[2] == name]
    meant = meant or [key for key in OTHER_NAMES.get(name, ()) if key in known]
    if meant:
        return f"; did you mean {' or '.join(map(_with_its_methods, dict.fromkeys(meant)))}?"
    names = [field.alias if field.alias is not None else key for key, field in section.model_fields.items()]
    close = difflib.get_close_matches(name, names, 1)
    if close:
        return f"; did you mean {f'{parents}.{close[0]}' if parents else close[0]}?"
    return f"; known there: {', '.join(names)}."


def unknown_setting(model: type[BaseModel], path: str) -> str:
    """The sentence for a key that a schema does not have."""
    # of a command without groups: whatever the key is like, it stands in none
    return f"{path} is not a known setting{_suggestion(model, path.rpartition('.')[2], model)}"


def _dotted_keys(model: type[BaseModel]) -> Iterator[str]:
    for key in model.model_fields:
        inner = _inner_section(model, key)
        if key == "method":
            yield from (f"method.{option}" for options in METHOD_OPTIONS.values() for option in options.model_fields)
        else:
            yield from (f"{key}.{rest}" for rest in _dotted_keys(inner)) if inner is not None else (key,)


def _with_its_methods(key: str) -> str:
    """The key, and which methods have it where not all do."""
    parent, _, name = key.rpartition(".")
    having = [target for target, options in METHOD_OPTIONS.items() if name in options.model_fields]
    if parent != "method" or len(having) == len(METHOD_OPTIONS):
        return key
    return f"{key} (of {', '.join('method=' + target.rpartition('.')[2].lower() for target in having)})"
