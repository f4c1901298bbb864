"""Write a masked language model as a Hugging Face folder that DiffCSE takes as its generator."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import yaml

from sentcse.machine.files import replaced_as_a_whole, write_json
from sentcse.printing.tables import plain_table, to_markdown
from sentcse.storage.backbones import quiet_transformers
from sentcse.storage.model_card import HUB_NAME, training_section, versions_section
from sentcse.storage.tokenizers import save_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

GENERATOR_FILE = "generator.json"
"""How the model was made; marks the folder as an export, which a later one may replace."""


def save_masked_language_model(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    *,
    record: Mapping[str, Any],
    results: Mapping[str, Any],
) -> Path:
    """Write the model, its tokenizer, its record and a model card; the folder appears whole or not at all.

    Weights that the head shares with the word embeddings are written once, as Hugging Face does.

    Args:
        model: a Hugging Face masked language model, in any mode, on any device.
        tokenizer: its tokenizer.
        folder: created; an older export of that name is replaced.
        record: how the model was made: base_model, data, recipe, versions; see `sentcse.storage.model_card`.
        results: `initial` and `best`, each with masked_accuracy and perplexity; `best` with its step; `held_out`.

    Raises:
        SentcseError: if the folder holds something else, or cannot be written.
    """
    target = folder.expanduser().resolve()
    with replaced_as_a_whole(target, kind="generator", marker=GENERATOR_FILE) as partial:
        with quiet_transformers():
            model.save_pretrained(partial)
        save_tokenizer(tokenizer, partial)
        scores = {key: results[key] for key in ("initial", "best", "held_out")}
        write_json(partial / GENERATOR_FILE, {"format": 1, "scores": scores, "provenance": dict(record)})
        (partial / "README.md").write_text(generator_card(record, results), encoding="utf-8")
    return target


def generator_card(record: Mapping[str, Any], results: Mapping[str, Any]) -> str:
    """The text of README.md."""
    base = str(record["base_model"])
    front: dict[str, Any] = {"library_name": "transformers", "pipeline_tag": "fill-mask"}
    front["tags"] = ["fill-mask", "sentcse"]
    if HUB_NAME.fullmatch(base):
        front["base_model"] = base
    name = base if HUB_NAME.fullmatch(base) else PurePath(base.removesuffix("/model")).name.rpartition(":")[2]
    sections = [
        "---\n" + yaml.safe_dump(front, sort_keys=False) + "---",
        f"# A masked language model from {name}\n\nTrained by sentcse as a generator for DiffCSE:\n\n"
        "```bash\npython -m sentcse.train method=diffcse generator.name_or_path=THIS_FOLDER\n```\n\n"
        "or to fill in masks:\n\n"
        '```python\nfrom transformers import pipeline\n\npipeline("fill-mask", "THIS_FOLDER")\n```',
        training_section(record),
        _scores(results),
        versions_section(record["versions"]),
    ]
    return "\n\n".join(section for section in sections if section != "") + "\n"


def _scores(results: Mapping[str, Any]) -> str:
    initial, best = results["initial"], results["best"]
    rows = [
        ("masked accuracy", *(_percent(each["masked_accuracy"]) for each in (initial, best))),
        ("perplexity", *(show_perplexity(each["perplexity"]) for each in (initial, best))),
    ]
    return (
        f"## Scores\n\nOn {results['held_out']:,} sentences that were not trained on; step {best['step']:,}, the best "
        "by their loss.\n\n" + to_markdown(plain_table(("", "before", "after"), rows, "lrr"))
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.2%}"


def show_perplexity(value: float | None) -> str:
    """For people; None stands for one beyond any float."""
    return "too large" if value is None else f"{value:.4g}"
