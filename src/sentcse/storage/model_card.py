"""The model card of an exported encoder: README.md with YAML front matter, made from its record and nothing else.

The record's keys, all optional (what is missing is left out of the card), plain containers only:

    base_model: str, hub name or folder that training started from
    method: str, for example "simcse"
    recipe: {setting: value}, rows of the recipe's table
    data: {"source": str, "sentences": int, "sha256": str}
    selection: {"metric": str, "step": int, "labels": str, what labels the choice has seen, for example "STS-B dev", or
        None for none; "rule": "last" in place of metric and labels where nothing was compared; "stopped": str, why the
        training ended before its last step; "alpha": float and "places": int, where between the start (0) and that step
        (1) the weights lie, as the best of so many places}
    average: {"members": [str], "seeds": [int]}, of which encoders the weights are the mean; and what their
        selections have in common of metric, labels and rule
    scores: {task: {"pairs": int, "before": float, "after": float}}, Spearman x 100 of the cosine
    versions: {library: version}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import yaml

from sentcse.printing.tables import plain_table, to_markdown
from sentcse.storage.model_card_usage import usage

POOLER_WORDS = {
    "cls": "the first token's last state through the trained head",
    "cls_before_pooler": "the first token's last state",
    "avg": "the mean of the last states over tokens",
    "avg_top2": "the mean over tokens of the last two layers",
    "avg_first_last": "the mean over tokens of the first transformer layer and the last",
    "avg_embeddings_last": "the mean over tokens of the embedding layer and the last",
}

HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")


def model_card(
    record: Mapping[str, Any],
    *,
    name: str,
    pooler: str,
    max_length: int,
    width: int,
    head: Sequence[tuple[str, str]] = (),
    has_pooling_layer: bool = False,
    head_is_pooling_layer: bool = False,
    prompt: str = "",
    dimensions: int | None = None,
) -> str:
    """The text of README.md.

    Args:
        record: how the encoder was made, see this module's description.
        name: the folder's name.
        pooler: a name of `sentcse.modules.pooling.POOLERS`.
        max_length: tokens at which sentences are cut.
        width: values in a vector.
        head: (folder, activation) of each layer of the head.
        has_pooling_layer: the backbone's class has a pooling layer of its own.
        head_is_pooling_layer: and the head was written as that layer.
        prompt: put before every sentence.
        dimensions: leading values of a vector that are kept; None for all.
    """
    sections = [
        _front_matter(record),
        _what(record, name=name, pooler=pooler, max_length=max_length, width=width, has_head=len(head) > 0),
        usage(
            name,
            pooler=pooler,
            max_length=max_length,
            head=head,
            has_pooling_layer=has_pooling_layer,
            head_is_pooling_layer=head_is_pooling_layer,
            prompt=prompt,
            dimensions=dimensions,
        ),
        training_section(record),
        _scores(record.get("scores", {})),
        _selection(record.get("selection", {})),
        _average(record.get("average", {})),
        versions_section(record.get("versions", {})),
    ]
    return "\n\n".join(section for section in sections if section != "") + "\n"


def _front_matter(record: Mapping[str, Any]) -> str:
    tags = ["sentence-transformers", "sentence-similarity", "feature-extraction", "sentcse"]
    content: dict[str, Any] = {"library_name": "sentence-transformers", "pipeline_tag": "sentence-similarity"}
    if "method" in record:
        tags.append(str(record["method"]))
    content["tags"] = tags
    base = record.get("base_model")
    # a folder's name means nothing elsewhere, and the hub refuses it
    if base is not None and HUB_NAME.fullmatch(str(base)):
        content["base_model"] = str(base)
    return "---\n" + yaml.safe_dump(content, sort_keys=False) + "---"


def _what(record: Mapping[str, Any], *, name: str, pooler: str, max_length: int, width: int, has_head: bool) -> str:
    made = "A sentence encoder"
    if "base_model" in record:
        base = str(record["base_model"])
        made += f" trained from `{base if HUB_NAME.fullmatch(base) else PurePath(base).name}`"
    if "method" in record:
        made += f" with {record['method']}"
    if (rank := record.get("recipe", {}).get("encoder.lora.rank")) is not None:
        made += f" through LoRA of rank {rank}, which is merged into its weights"
    head = ", through a head" if has_head and pooler != "cls" else ""
    return (
        f"# {name}\n\n{made}, exported by sentcse. It turns a sentence into {width} values; compare them by cosine.\n\n"
        f"The vector is {POOLER_WORDS[pooler]}{head} (pooler `{pooler}`); a sentence is cut at {max_length} tokens."
    )


def training_section(record: Mapping[str, Any]) -> str:
    """Data and recipe of a record; empty where it has neither."""
    recipe, data = record.get("recipe", {}), record.get("data", {})
    parts = []
    if len(data) > 0:
        labels = {
            "source": "text",
            "sentences": "sentences",
            "dropped_duplicates": "duplicates left out",
            "sha256": "SHA-256 of the text",
        }
        rows = [(label, _cell(data[key])) for key, label in labels.items() if key in data]
        parts.append(to_markdown(plain_table(("training data", ""), rows, "ll")))
    if len(recipe) > 0:
        settings = [(f"`{key}`", _cell(value)) for key, value in recipe.items()]
        parts.append(to_markdown(plain_table(("setting", "value"), settings, "ll"), marked_up=True))
    return "\n\n".join(["## Training", *parts]) if len(parts) > 0 else ""


def _scores(scores: Mapping[str, Mapping[str, Any]]) -> str:
    if len(scores) == 0:
        return ""
    columns = [
        key for key in ("pairs", "before", "after") if any(score.get(key) is not None for score in scores.values())
    ]
    rows = [
        (task, *("" if score.get(key) is None else _score(key, score[key]) for key in columns))
        for task, score in scores.items()
    ]
    table = plain_table(("task", *columns), rows, "l" + "r" * len(columns))
    return f"## Scores\n\nSpearman correlation x 100 of the cosine with people's scores.\n\n{to_markdown(table)}"


def _score(key: str, value: Any) -> str:
    return f"{value:,}" if key == "pairs" else f"{value:.2f}"


def _selection(selection: Mapping[str, Any]) -> str:
    step = f" of step {selection['step']:,}" if "step" in selection else ""
    if selection.get("rule") == "last":
        said = [f"The checkpoint{step} is the last one: no scores were compared, and no labels used."]
    elif "metric" in selection:
        said = [f"The checkpoint{step} was chosen as the best by `{selection['metric']}`."]
        if "labels" in selection:
            labels = selection["labels"]
            said.append("The choice used no labels." if labels is None else f"The choice used the labels of {labels}.")
    else:
        return ""
    if "alpha" in selection:
        said.append(
            f"The weights lie at alpha = {selection['alpha']:g} on the line from those before training (0) through "
            f"those of that step (1): the best of {selection.get('places')} places by the same scores."
        )
    if "stopped" in selection:
        said.append(f"The training: `{selection['stopped']}`")
    return "## Selection\n\n" + " ".join(said)


def _average(average: Mapping[str, Any]) -> str:
    if "members" not in average:
        return ""
    members = ", ".join(f"`{name}`" for name in average["members"])
    text = f"## Average\n\nThe weights are the mean of those of {len(average['members'])} encoders: {members}."
    if len(average.get("seeds", [])) > 0:
        text += f" Their seeds: {', '.join(map(str, average['seeds']))}."
    chosen = _selection(average).partition("\n\n")[2].replace("The checkpoint ", "Each one's checkpoint ")
    return " ".join(filter(None, (text, chosen, "The mean itself was not scored.")))


def versions_section(versions: Mapping[str, str]) -> str:
    """Versions of the libraries; empty without any."""
    if len(versions) == 0:
        return ""
    return "## Versions\n\n" + ", ".join(f"{library} {version}" for library, version in sorted(versions.items()))


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
