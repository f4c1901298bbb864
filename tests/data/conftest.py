"""A tiny fast tokenizer and a hub, both without a network."""

from __future__ import annotations

import string
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import huggingface_hub
import pytest
from fake_hub import Hub
from transformers import PreTrainedTokenizerFast

from sentcse.machine import hub

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["the", "cat", "sat", "on", "mat", "dog", "ran", "far", "away", "fish", "swam"]


def _make_tokenizer(words: list[str]) -> PreTrainedTokenizerFast:
    """WordPiece over `words` and single letters, BERT's normaliser and special tokens."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    letters = list(string.ascii_lowercase + string.digits)
    names = (
        SPECIAL + words + [letter for letter in letters if letter not in words] + [f"##{letter}" for letter in letters]
    )
    vocabulary = {name: number for number, name in enumerate(names)}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    return _make_tokenizer(WORDS)


@pytest.fixture(scope="session")
def make_tokenizer() -> Callable[[list[str]], PreTrainedTokenizerFast]:
    return _make_tokenizer


@pytest.fixture
def numbered(tmp_path: Path) -> Path:
    """A file with a hundred different sentences, told apart by their number."""
    path = tmp_path / "numbered.txt"
    path.write_text("".join(f"the cat sat on mat {number}\n" for number in range(100)), encoding="utf-8")
    return path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in (
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
        *hub.OFFLINE_VARIABLES,
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    served = Hub()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{served.server_port}")
    threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True).start()
    yield served
    served.shutdown()
    served.server_close()
