"""Write the reference part of docs/configuration.md from the schema and the configuration files.

python docs/generate.py           rewrite it
python docs/generate.py --check   exit with 1 if it is out of date

What stands above the marker in the page is written by hand and kept.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sentcse.config.commands import (
    ClusterConfig,
    DashboardConfig,
    DataKitConfig,
    EncodeConfig,
    EvaluateConfig,
    ReportConfig,
    ReproduceConfig,
    RunsConfig,
    SearchConfig,
)
from sentcse.config.demo import DemoConfig
from sentcse.config.exporting import ExportConfig
from sentcse.config.method_options import METHOD_OPTIONS
from sentcse.config.mining import MineConfig
from sentcse.config.paths import config_dir
from sentcse.config.schema import TrainConfig
from sentcse.config.worth import WorthConfig
from sentcse.printing.tables import plain_table, to_markdown
from sentcse.records.run_folder import WITHOUT_EFFECT

PAGE = Path(__file__).with_name("configuration.md")
MARKER = "<!-- What follows is written by `python docs/generate.py`; edit the schema instead. -->"
WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", dict: "settings", NoneType: "null"}
BOUNDS = {Gt: ("gt", "above"), Ge: ("ge", "at least"), Lt: ("lt", "below"), Le: ("le", "at most")}
MISSING = "???"
"""What a configuration file holds where a value must be given."""
HEADER = ("key", "type", "default", "range", "what it is")


def main(arguments: Sequence[str] | None = None, page: Path = PAGE) -> int:
    """Write or check the page; returns the exit code."""
    parser = argparse.ArgumentParser(description="Write the reference part of docs/configuration.md.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if the page is out of date")
    check = parser.parse_args(arguments).check
    before = page.read_text(encoding="utf-8")
    after = render(before)
    if check and before != after:
        print(f"{page} is out of date: run python docs/generate.py", file=sys.stderr)
        return 1
    if before != after:
        page.write_text(after, encoding="utf-8")
        print(f"wrote {page}")
    return 0


def render(page: str) -> str:
    """Write everything after the marker anew; returns the page.

    Raises:
        ValueError: if the page has no marker.
    """
    kept, marker, _ = page.partition(MARKER)
    if marker == "":
        raise ValueError(f"page must hold the line {MARKER!r}, got none")
    parts = [
        f"{kept}{MARKER}",
        "## Settings that do not change the fingerprint\n\n" + ", ".join(f"`{key}`" for key in without_effect()) + ".",
        "## `python -m sentcse.train`",
        *_sections(TrainConfig, composed("train"), ""),
        "## `python -m sentcse.evaluate`\n\n" + _table(_rows(EvaluateConfig, _file("evaluate"), "")),
        "## `python -m sentcse.data`\n\n" + _table(_rows(DataKitConfig, _file("data_kit"), "")),
        "## `python -m sentcse.export`\n\n" + _table(_rows(ExportConfig, _file("export"), "")),
        "## `python -m sentcse.report`\n\n" + _table(_rows(ReportConfig, _file("report"), "")),
        "## `python -m sentcse.worth`\n\n" + _table(_rows(WorthConfig, _file("worth"), "")),
        "## `python -m sentcse.reproduce`\n\n" + _table(_rows(ReproduceConfig, _file("reproduce"), "")),
        "## `python -m sentcse.runs`\n\n" + _table(_rows(RunsConfig, _file("runs"), "")),
        "## `python -m sentcse.search`\n\n" + _table(_rows(SearchConfig, _file("search"), "")),
        "## `python -m sentcse.mine`\n\n" + _table(_rows(MineConfig, _file("mine"), "")),
        "## `python -m sentcse.encode`\n\n" + _table(_rows(EncodeConfig, _file("encode"), "")),
        "## `python -m sentcse.cluster`\n\n" + _table(_rows(ClusterConfig, _file("cluster"), "")),
        "## `python -m sentcse.demo`\n\n" + _table(_rows(DemoConfig, _file("demo"), "")),
        "## `python -m sentcse.dashboard`\n\n" + _table(_rows(DashboardConfig, _file("dashboard"), "")),
    ]
    return "\n\n".join(parts) + "\n"


def composed(name: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Compose a configuration and leave its interpolations as they are written."""
    with initialize_config_dir(version_base="1.3", config_dir=str(config_dir())):
        values: Any = OmegaConf.to_container(compose(name, list(overrides)), resolve=False)
    return dict(values)


def without_effect() -> list[str]:
    """List the keys that a run's fingerprint leaves out; a group stands for all keys in it."""
    keys: list[str] = []
    for group, inside in WITHOUT_EFFECT.items():
        keys += [group] if inside is True else [f"{group}.{key}" for key in sorted(inside)]  # type: ignore[call-overload]
    return keys


def keys_of(model: type[BaseModel] = TrainConfig, prefix: str = "") -> Iterator[str]:
    """Yield every key that a schema knows, as it is written on the command line, groups included."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{name if field.alias is None else field.alias}"
        yield key
        for inner in METHOD_OPTIONS.values() if key == "method" else _models(field):
            yield from keys_of(inner, f"{key}.")


def _file(name: str) -> dict[str, Any]:
    values: Any = OmegaConf.to_container(OmegaConf.load(config_dir() / f"{name}.yaml"), resolve=False)
    return dict(values)


def _sections(model: type[BaseModel], values: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """Yield the table of a section's own keys, then a heading and a table for each section inside."""
    yield _table(_rows(model, values, prefix))
    for name, field in model.model_fields.items():
        if name == "method":
            yield from _methods()
            continue
        inner = _models(field)
        if len(inner) == 0:
            continue
        heading = "#" * (3 + prefix.count("."))
        yield f"{heading} {prefix}{name}\n\n{_docstring(inner[0])}"
        yield from _sections(inner[0], _group(values.get(name)), f"{prefix}{name}.")


def _methods() -> Iterator[str]:
    """Yield a table for each method with an options class, its defaults from its file in configs/method/."""
    files = {_file(f"method/{path.stem}")["_target_"]: path.stem for path in (config_dir() / "method").glob("*.yaml")}
    for target, options in METHOD_OPTIONS.items():
        choice = files[target]
        yield f"### method={choice}\n\n{_docstring(options)}"
        yield _table(_rows(options, composed("train", [f"method={choice}"])["method"], "method."))
    yield (
        "Any other subclass of `sentcse.methods.base.Method` can be named in `method._target_`. Options of its own are "
        "passed on to it as they are: its signature checks them."
    )


def _rows(model: type[BaseModel], values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        if len(_models(field)) > 0 or name == "method":
            if prefix == "data." and name == "hub_file":
                yield f"`{prefix}{name}`", "settings or null", "", "", str(field.description)
            continue
        key = name if field.alias is None else field.alias
        yield (
            f"`{prefix}{key}`",
            _type(field.annotation),
            _default(values.get(key, MISSING), field),
            _range(field.metadata),
            str(field.description),
        )


def _table(rows: Iterator[tuple[str, ...]]) -> str:
    return to_markdown(plain_table(HEADER, list(rows), "l" * len(HEADER)), marked_up=True)


def _default(composed_value: Any, field: FieldInfo) -> str:
    if composed_value != MISSING:
        return f"`{_plain(composed_value)}`"
    return "required" if field.is_required() else f"`{_plain(field.default)}`"


def _plain(value: Any) -> str:
    """Write a value as it stands in YAML and on the command line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_plain(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_plain(item)}" for key, item in value.items()) + "}"
    if isinstance(value, float):
        return re.sub(r"e-0", "e-", f"{value}")
    return str(value)


def _type(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        bounds = _range(inner[1:])
        return f"{_type(inner[0])} {bounds}".strip()
    if origin is Literal:
        return " | ".join(f"`{choice}`" for choice in inner)
    if origin in (Union, UnionType):
        return " or ".join(_type(part) for part in inner)
    if origin is list:
        return f"list of ({_type(inner[0])})"
    if origin is tuple:
        return f"list of {len(inner)} ({_type(inner[0])})"
    return WORDS[origin if origin is not None else annotation]


def _range(metadata: Sequence[Any]) -> str:
    """Say the bounds in words; what is no bound (a validator) says nothing here."""
    said = []
    for item in metadata:
        if isinstance(item, FieldInfo):
            said.append(_range(item.metadata))
        elif isinstance(item, MinLen):
            said.append("not empty" if item.min_length == 1 else f"at least {item.min_length} entries")
        elif type(item) in BOUNDS:
            attribute, word = BOUNDS[type(item)]
            said.append(f"{word} {_plain(getattr(item, attribute))}")
        elif getattr(item, "pattern", None) is not None:
            said.append(f"letters, digits and `{''.join(sorted(set(item.pattern) & set('_.+-')))}`")
    return ", ".join(part for part in said if part != "")


def _models(field: FieldInfo) -> list[type[BaseModel]]:
    candidates = (field.annotation, *get_args(field.annotation))
    return [each for each in candidates if isinstance(each, type) and issubclass(each, BaseModel)]


def _group(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _docstring(model: type[BaseModel]) -> str:
    return str(model.__doc__).strip()


if __name__ == "__main__":
    sys.exit(main())
