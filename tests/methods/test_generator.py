"""The generator: what it predicts, where it edits, and that it never learns; against the whole language model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import FAMILIES, tiny_config, tiny_family, tiny_tokenizer
from tiny_methods import tiny_encoder, tiny_generator
from torch import Tensor
from transformers import AutoModelForMaskedLM, BertForMaskedLM, BertTokenizer, PreTrainedModel

from sentcse.errors import SentcseError
from sentcse.methods.building import Origin
from sentcse.methods.generator import Generator, check_vocabularies
from sentcse.methods.row_chunks import ROWS_IN_CACHE

VOCABULARY = len(tiny_tokenizer())
CLS, SEP = 2, 3


def whole(family: str = "bert") -> PreTrainedModel:
    """A random masked language model, the same each time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return AutoModelForMaskedLM.from_config(tiny_family(family).config).eval()


def rows(count: int = 5) -> tuple[Tensor, Tensor]:
    """Ids and mask of sentences of 2 to 7 words."""
    drawn = torch.Generator().manual_seed(0)
    ids = torch.randint(5, VOCABULARY, (count, 9), generator=drawn)
    ends = torch.randint(3, 9, (count, 1), generator=drawn)
    place = torch.arange(9)
    ids = torch.where(place == ends, SEP, ids) * (place <= ends)
    ids[:, 0] = CLS
    return ids, (place <= ends).long()


@torch.no_grad()
def scores(ids: Tensor, mask: Tensor, family: str = "bert") -> Tensor:
    found: Tensor = whole(family)(input_ids=ids, attention_mask=mask).logits
    return found


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_prediction_is_the_whole_models_at_the_positions_asked_for(family: str) -> None:
    ids, mask = rows(ROWS_IN_CACHE + 5)
    positions = torch.rand(ids.shape, generator=torch.Generator().manual_seed(1)) < 0.4
    positions &= mask.bool()
    found = tiny_generator(whole(family)).predict(ids, mask, positions)
    assert torch.equal(found, scores(ids, mask, family).argmax(dim=-1) * positions)


@pytest.mark.parametrize(("device", "at_once"), [("cpu", 32), ("meta", 1024)])
def test_how_many_sequences_it_reads_at_a_time(device: str, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as a CPU's cache holds; elsewhere both views of the largest published batch, of 512."""
    asked = []

    def no_rows(mask: Tensor, size: int, *, cut_padding: bool) -> list[Any]:
        asked.append(size)
        return []

    monkeypatch.setattr("sentcse.methods.generator.split_rows", no_rows)
    ids, mask = (each.to(device) for each in rows())
    tiny_generator(whole()).predict(ids, mask, mask.bool())
    assert asked == [at_once]


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_sampling_follows_the_softmax(temperature: float) -> None:
    ids, mask = (each[:1].expand(4000, -1) for each in rows())
    positions = torch.zeros_like(ids, dtype=torch.bool)
    positions[:, 2] = True
    torch.manual_seed(0)
    drawn = tiny_generator(whole(), prediction="sample", temperature=temperature).predict(ids, mask, positions)[:, 2]
    shares = drawn.bincount(minlength=VOCABULARY) / len(drawn)
    expected = (scores(ids[:1], mask[:1])[0, 2] / temperature).softmax(dim=0)
    assert expected.max() < 0.9
    deviation = (expected * (1 - expected) / len(drawn)).sqrt()
    assert ((shares - expected).abs() <= 5 * deviation + 1 / len(drawn)).all()


@pytest.mark.parametrize("replace", ["every", "masked"])
@pytest.mark.parametrize("as_published", [False, True])
def test_the_edited_copy_position_by_position(replace: str, as_published: bool) -> None:
    generator = tiny_generator(whole(), replace=replace, padding_as_published=as_published, masking_ratio=0.5)
    if not as_published:
        generator.padding_id = 1
    ids, mask = rows()
    torch.manual_seed(1)
    masked, selected = generator.mask(ids, mask)
    assert 0 < selected.sum() < mask.sum() - 10
    predicted = scores(masked, mask).argmax(dim=-1)
    expected = ids.clone()
    for row in range(len(ids)):
        for place in range(9):
            if place == 0:
                expected[row, place] = CLS
            elif not mask[row, place]:
                expected[row, place] = 0 if as_published else 1
            elif replace == "every" or selected[row, place]:
                expected[row, place] = predicted[row, place]
    torch.manual_seed(1)
    assert torch.equal(generator.edit(ids, mask), expected)
    torch.manual_seed(2)
    assert not torch.equal(generator.edit(ids, mask), expected)


def test_padding_is_the_tokenizers_or_the_published_id() -> None:
    tokenizer: Any = tiny_tokenizer()
    tokenizer.pad_token = "[UNK]"
    given = tiny_generator(whole())
    assert Generator(given.backbone, given.head, tokenizer).padding_id == 1
    assert Generator(given.backbone, given.head, tokenizer, padding_as_published=True).padding_id == 0


def test_it_stays_frozen_and_without_dropout() -> None:
    generator = tiny_generator(whole()).train()
    assert not any(module.training for module in generator.modules())
    assert not any(parameter.requires_grad for parameter in generator.parameters())
    assert max(module.p for module in generator.modules() if isinstance(module, torch.nn.Dropout)) > 0


def save(folder: Path, tokens: dict[str, int] | None = None) -> Origin:
    torch.manual_seed(3)
    BertForMaskedLM(tiny_config()).save_pretrained(folder)
    tokenizer = tiny_tokenizer() if tokens is None else BertTokenizer(vocab=tokens, model_max_length=64)
    tokenizer.save_pretrained(folder)
    return Origin(str(folder))


def test_a_checkpoints_generator_predicts_as_its_model(tmp_path: Path) -> None:
    origin = save(tmp_path)
    generator = Generator.load(origin, tiny_encoder(), Origin("bert"), masking_ratio=0.4)
    assert generator.masking_ratio == 0.4
    ids, mask = rows()
    model = AutoModelForMaskedLM.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        expected = model(input_ids=ids, attention_mask=mask).logits.argmax(dim=-1)
    assert torch.equal(generator.predict(ids, mask, mask.bool()), expected * mask)


@pytest.mark.parametrize(
    ("swap", "leave_out", "example"),
    [
        (("man", "dog"), None, "token '(man|dog)' is [0-9]+ there and [0-9]+ here"),
        (None, "music", f"{VOCABULARY - 1} tokens there and {VOCABULARY} here"),
        (("man", "stranger"), None, "token 'stranger' is [0-9]+ there and missing here"),
    ],
)
def test_another_vocabulary_is_refused(
    tmp_path: Path, swap: tuple[str, str] | None, leave_out: str | None, example: str
) -> None:
    tokens = dict(tiny_tokenizer().get_vocab())
    if swap is not None:
        one, other = swap
        tokens[one], tokens[other] = tokens.get(other, VOCABULARY), tokens[one]
        tokens = {token: index for token, index in tokens.items() if index < VOCABULARY}
    tokens.pop(leave_out, None)
    origin = save(tmp_path, dict(sorted(tokens.items(), key=lambda item: item[1])))
    with pytest.raises(
        SentcseError,
        match=rf"^The generator .* and the encoder my-bert have different vocabularies \({example}\): choose",
    ):
        check_vocabularies(tiny_encoder(), Origin("my-bert"), origin)
