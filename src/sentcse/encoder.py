"""SentenceEncoder: backbone + pooler (+ head), the one thing that is trained, saved, scored and used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm.auto import tqdm

from sentcse.data.lines import HALF_CHARACTER
from sentcse.machine.parallel import map_on_cores
from sentcse.modules.first_token import FIRST_TOKEN_POOLERS, last_layer_for_first_token
from sentcse.modules.input_length import longest_input
from sentcse.modules.pooling import LAYERS_NEEDED, POOLERS, pool
from sentcse.storage.opening import open_encoder
from sentcse.storage.parts import EncoderParts
from sentcse.storage.saving import save_encoder

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class SentenceEncoder(nn.Module):
    """Turns sentences into vectors.

    Args:
        backbone: a Hugging Face encoder that returns `last_hidden_state`.
        tokenizer: its tokenizer.
        pooler: a name of `sentcse.modules.pooling.POOLERS`.
        head: applied after pooling, or None. The pooler `cls` means the first token through a trained head.
        max_length: tokens at which `encode` cuts a sentence; None for the backbone's own limit, at most 512.

        prompt: put before every sentence by `encode`, as a sentence-transformers folder asks by its default prompt.
        dimensions: leading values of a vector that are kept (Matryoshka embeddings); None for all.

    Raises:
        ValueError: if the pooler is unknown, or is `cls` without a head.
    """

    def __init__(
        self,
        backbone: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        pooler: str,
        head: nn.Module | None = None,
        max_length: int | None = None,
        prompt: str = "",
        dimensions: int | None = None,
    ) -> None:
        super().__init__()
        if pooler not in POOLERS:
            raise ValueError(f"pooler must be one of {', '.join(POOLERS)}, got {pooler!r}")
        if pooler == "cls" and head is None:
            raise ValueError("pooler 'cls' needs a head; without one the vector is 'cls_before_pooler'")
        self.backbone = backbone
        self.tokenizer = tokenizer
        self.pooler = pooler
        self.head = head
        self.prompt = prompt
        self.dimensions = dimensions
        self.recorded_pooler: str | None = None
        """What the source that the encoder was opened from says; another than `pooler` if that was asked for."""
        self.max_length = longest_input(backbone, tokenizer) if max_length is None else max_length

    @classmethod
    def from_pretrained(
        cls,
        source: str | Path,
        *,
        pooler: str | None = None,
        max_length: int | None = None,
        revision: str | None = None,
        known_as: str | None = None,
    ) -> SentenceEncoder:
        """Open an exported folder, a sentence-transformers folder, a checkpoint folder or a hub name.

        Args:
            source: a local folder or a name on the model hub.
            pooler: needed where the source holds no record of its pooler; overrides the record otherwise.
            max_length: tokens at which sentences are cut; None for the recorded length.
            revision: branch, tag or commit on the hub.
            known_as: the published checkpoint that `source` is a copy of, by its hub name: a key of
                `sentcse.storage.published_encoders.PUBLISHED_ENCODERS`.

        Raises:
            SentcseError: if the source cannot be had, or its pooler is neither recorded, nor known, nor given.
        """
        parts = open_encoder(source, pooler=pooler, max_length=max_length, revision=revision, known_as=known_as)
        return cls.from_parts(parts)

    @classmethod
    def from_parts(cls, parts: EncoderParts) -> SentenceEncoder:
        """The encoder of what was opened, in eval mode."""
        encoder = cls(
            parts.backbone,
            parts.tokenizer,
            pooler=parts.pooler,
            head=parts.head,
            max_length=parts.max_length,
            prompt=parts.prompt,
            dimensions=parts.dimensions,
        )
        encoder.recorded_pooler = parts.recorded_pooler
        return encoder.eval()

    def parts(self, provenance: Mapping[str, Any] | None = None) -> EncoderParts:
        """What the encoder is made of, sharing its weights, and how it was made."""
        return EncoderParts(
            self.backbone,
            self.tokenizer,
            self.pooler,
            self.head,
            self.max_length,
            self.recorded_pooler,
            {} if provenance is None else dict(provenance),
            self.prompt,
            self.dimensions,
        )

    def save_pretrained(self, folder: str | Path, *, record: Mapping[str, Any] | None = None) -> Path:
        """Write a folder that transformers, sentence-transformers and `from_pretrained` open with the same vectors.

        Args:
            folder: created; an older export is replaced as a whole, a folder of anything else is refused.
            record: how the encoder was made (recipe, data, scores, versions; keys in `sentcse.storage.model_card`),
                kept inside and shown on the model card.

        Raises:
            SentcseError: if the folder cannot be written or is none of ours.
        """
        return save_encoder(self.parts(record), Path(folder))

    @property
    def width(self) -> int:
        """The number of values in a backbone state."""
        return int(self.backbone.config.hidden_size)

    @property
    def device(self) -> torch.device:
        """Where the backbone lies."""
        return next(self.backbone.parameters()).device

    def hidden_states(self, input_ids: Tensor, attention_mask: Tensor) -> Sequence[Tensor]:
        """The backbone's states, embeddings first; only the last layer, or its first token, where no other is pooled.

        Args:
            input_ids: (rows, tokens).
            attention_mask: (rows, tokens), 1 at real tokens.
        """
        every_layer = self.pooler in LAYERS_NEEDED
        with self._computing_what_is_pooled():
            output = self.backbone(
                input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=every_layer, return_dict=True
            )
        return output.hidden_states if every_layer else (output.last_hidden_state,)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Encode token ids (rows, tokens) into vectors (rows, width), or as many values as `dimensions` says."""
        states = self.hidden_states(input_ids, attention_mask)
        pooled = pool(states, attention_mask[:, : states[-1].shape[1]], pooler=self.pooler)
        vectors: Tensor = pooled if self.head is None else self.head(pooled)
        return vectors[:, : self.dimensions]

    def encode(
        self,
        sentences: str | Iterable[str],
        *,
        batch_size: int = 64,
        max_length: int | None = None,
        progress: bool = False,
    ) -> NDArray[np.float32]:
        """Encode sentences without dropout, in float32, whatever precision the training uses.

        Sentences are batched by length, so the result does not depend on their order beyond rounding.

        Args:
            sentences: any number of strings, or one.
            batch_size: sentences encoded together.
            max_length: tokens at which a sentence is cut; None for the encoder's own.
            progress: show a bar on a terminal.

        Returns:
            float32 array of (sentences, width); (width,) for a single string.

        Raises:
            ValueError: if `batch_size` is below 1, or a sentence is not a string or holds half a character.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        if isinstance(sentences, str):
            alone: NDArray[np.float32] = self.encode([sentences], max_length=max_length)[0]
            return alone
        tokens = self.tokenize(sentences, max_length=max_length)
        order = np.argsort([-len(ids) for ids in tokens], kind="stable")
        batches = np.split(order, range(batch_size, len(order), batch_size)) if len(order) else []
        # a head may change the width, so that the array is made when the first batch is there
        vectors: NDArray[np.float32] | None = None
        with self._in_eval_mode(), tqdm(total=len(tokens), unit=" sentences", disable=not progress) as bar:
            cores = torch.get_num_threads() if self.device.type == "cpu" else 1
            with closing(map_on_cores(partial(self._encode_batch, tokens), batches, cores=cores)) as found:
                for chosen, out in zip(batches, found, strict=True):
                    if vectors is None:
                        vectors = np.empty((len(tokens), out.shape[1]), dtype=np.float32)
                    vectors[chosen] = out
                    bar.update(len(chosen))
        return np.empty((0, self.width), dtype=np.float32) if vectors is None else vectors

    def _encode_batch(self, tokens: Sequence[list[int]], chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        batch = self.tokenizer.pad({"input_ids": [tokens[i] for i in chosen]}, return_tensors="pt")
        device = self.device
        # here and not around all batches: torch keeps both for each thread
        with torch.inference_mode(), torch.autocast(device.type, enabled=False):
            vectors: NDArray[np.float32] = (
                self(batch["input_ids"].to(device), batch["attention_mask"].to(device)).float().cpu().numpy()
            )
        return vectors

    def tokenize(self, sentences: Iterable[str], *, max_length: int | None = None) -> list[list[int]]:
        """Token ids of each sentence, behind the prompt and with special tokens, cut at `max_length` (None: the own).

        Raises:
            ValueError: if a sentence is not a string or holds half a character, or all are one string.
        """
        if isinstance(sentences, str):
            raise ValueError("sentences must be a list of strings, got one string: write [sentence]")
        texts = list(sentences)
        for number, sentence in enumerate(texts):
            if not isinstance(sentence, str):
                raise ValueError(f"sentences must be strings, got {sentence!r} at position {number}")
            half = HALF_CHARACTER.search(sentence)
            if half is not None:
                raise ValueError(
                    f"sentences must be text, got half of a character (\\u{ord(half[0]):04x}) at position {number}: "
                    "decode the text again, or remove it"
                )
        if len(texts) == 0:
            return []
        limit = self.max_length if max_length is None else max_length
        prompted = [self.prompt + text for text in texts]
        encoded = self.tokenizer(prompted, truncation=True, max_length=limit, return_attention_mask=False)
        ids: list[list[int]] = encoded["input_ids"]
        return ids

    def _computing_what_is_pooled(self) -> AbstractContextManager[None]:
        first_token = self.pooler in FIRST_TOKEN_POOLERS
        return last_layer_for_first_token(self.backbone) if first_token else nullcontext()

    @contextmanager
    def _in_eval_mode(self) -> Iterator[None]:
        # each module gets its own mode back: a method may keep parts of a training encoder in eval mode
        modes = [(module, module.training) for module in self.modules()]
        self.eval()
        try:
            with self._computing_what_is_pooled():
                yield
        finally:
            for module, training in modes:
                module.training = training
