"""The part of a model card that shows how the encoder is used: code that runs as it stands (tests run it)."""

from __future__ import annotations

from collections.abc import Sequence

SENTENCES = 'sentences = ["A man is playing a flute.", "Somebody plays an instrument."]'

STATES = {
    "cls": "model(**batch).last_hidden_state",
    "cls_before_pooler": "model(**batch).last_hidden_state",
    "avg": "model(**batch).last_hidden_state",
    "avg_top2": "(layers[-1] + layers[-2]) / 2",
    "avg_first_last": "(layers[1] + layers[-1]) / 2",
    "avg_embeddings_last": "(layers[0] + layers[-1]) / 2",
}
"""The token states that each pooler reads, as code for transformers."""

ACTIVATION_CODE = {"tanh": "torch.tanh(vectors)", "relu": "torch.relu(vectors)", "identity": "vectors"}


def usage(
    name: str,
    *,
    pooler: str,
    max_length: int,
    head: Sequence[tuple[str, str]],
    has_pooling_layer: bool,
    head_is_pooling_layer: bool,
    prompt: str,
    dimensions: int | None,
) -> str:
    """The section "Usage": sentcse, sentence-transformers, transformers; arguments as of `model_card`.

    A name with a slash is one on the model hub.
    """
    code = _transformers_code(
        name,
        pooler=pooler,
        max_length=max_length,
        head=head,
        has_pooling_layer=has_pooling_layer,
        head_is_pooling_layer=head_is_pooling_layer,
        prompt=prompt,
        dimensions=dimensions,
    )
    note = ""
    if has_pooling_layer and not head_is_pooling_layer:
        note = (
            "\n\nDo not use `pooler_output`: this folder holds no weights for it, so without `add_pooling_layer=False` "
            "transformers makes a random layer and says so."
        )
    return (
        "## Usage\n\n"
        + _encode_code("sentcse", "from sentcse import SentenceEncoder", f'SentenceEncoder.from_pretrained("{name}")')
        + _encode_code(
            "sentence-transformers",
            "from sentence_transformers import SentenceTransformer",
            f'SentenceTransformer("{name}")',
        )
        + f"With transformers:\n\n```python\n{code}\n```{note}"
    )


def _encode_code(library: str, imports: str, encoder: str) -> str:
    return f"With {library}:\n\n```python\n{imports}\n\n{SENTENCES}\nvectors = {encoder}.encode(sentences)\n```\n\n"


def _transformers_code(
    name: str,
    *,
    pooler: str,
    max_length: int,
    head: Sequence[tuple[str, str]],
    has_pooling_layer: bool,
    head_is_pooling_layer: bool,
    prompt: str,
    dimensions: int | None,
) -> str:
    arguments = ", add_pooling_layer=False" if has_pooling_layer and not head_is_pooling_layer else ""
    reads_files = len(head) > 0 and not head_is_pooling_layer
    on_hub = "/" in name  # which no folder's own name holds
    lines = [
        "import torch",
        *["from huggingface_hub import hf_hub_download"] * (reads_files and on_hub),
        *["from safetensors.torch import load_file"] * reads_files,
        "from transformers import AutoModel, AutoTokenizer",
        "",
        SENTENCES,
        *[f"sentences = [{prompt!r} + sentence for sentence in sentences]"] * (prompt != ""),
        f'tokenizer = AutoTokenizer.from_pretrained("{name}")',
        f'model = AutoModel.from_pretrained("{name}"{arguments}).eval()',
        f'batch = tokenizer(sentences, padding=True, truncation=True, max_length={max_length}, return_tensors="pt")',
        "with torch.no_grad():",
    ]
    if head_is_pooling_layer:
        lines.append("    vectors = model(**batch).pooler_output")
    else:
        lines += [f"    {line}" for line in _pooling_code(pooler)]
    for folder, activation in head if reads_files else ():
        inside = f"{folder}/model.safetensors"
        file = f'hf_hub_download("{name}", "{inside}")' if on_hub else f'"{name}/{inside}"'
        lines += [
            f"layer = load_file({file})",
            'vectors = torch.nn.functional.linear(vectors, layer["linear.weight"], layer["linear.bias"])',
        ]
        if activation != "identity":
            lines.append(f"vectors = {ACTIVATION_CODE[activation]}")
    if dimensions is not None:
        lines.append(f"vectors = vectors[:, :{dimensions}]")
    return "\n".join(lines)


def _pooling_code(pooler: str) -> list[str]:
    lines = []
    if "layers" in STATES[pooler]:
        lines.append("layers = model(**batch, output_hidden_states=True).hidden_states")
    lines.append(f"states = {STATES[pooler]}")
    if pooler.startswith("cls"):
        return [*lines, "vectors = states[:, 0]"]
    return [
        *lines,
        'mask = batch["attention_mask"].unsqueeze(-1)',
        "vectors = (states * mask).sum(1) / mask.sum(1)",
    ]
