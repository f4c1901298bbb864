"""SentenceEncoder: backbone + pooler (+ head), the one thing that is trained, saved, scored and used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import torch
from torch import Tensor, nn

from sentcse.encoding.batches import encode_texts
from sentcse.encoding.cosines import Similar, Vectors, similarity
from sentcse.encoding.options import Encoding
from sentcse.encoding.tokens import tokenized
from sentcse.modules.first_token import computing_what_is_pooled
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
        adapter: str | Path | None = None,
    ) -> SentenceEncoder:
        """Open an exported folder, a sentence-transformers folder, a checkpoint folder or a hub name.

        Args:
            source: a local folder or a name on the model hub.
            pooler: needed where the source holds no record of its pooler; overrides the record otherwise.
            max_length: tokens at which sentences are cut; None for the recorded length.
            revision: branch, tag or commit on the hub.
            known_as: the published checkpoint that `source` is a copy of, by its hub name: a key of
                `sentcse.storage.published_encoders.PUBLISHED_ENCODERS`.
            adapter: a folder of peft's with an adapter of `source`, which is added to the weights; where it is one that
                sentcse wrote, its record of pooler, head and length counts. As `source` it opens the model it names.

        Raises:
            SentcseError: if the source cannot be had, or its pooler is neither recorded, nor known, nor given.
        """
        chosen: dict[str, Any] = {"revision": revision, "known_as": known_as, "adapter": adapter}
        return cls.from_parts(open_encoder(source, pooler=pooler, max_length=max_length, **chosen))

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
        with computing_what_is_pooled(self.backbone, self.pooler):
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

    @overload
    def encode(self, sentences: str | Iterable[str], *, as_tensor: Literal[True], **options: Any) -> Tensor: ...

    @overload
    def encode(self, sentences: str | Iterable[str], *, as_tensor: Literal[False] = ..., **options: Any) -> Vectors: ...

    def encode(
        self,
        sentences: str | Iterable[str],
        *,
        batch_size: int = 64,
        max_length: int | None = None,
        normalize: bool = False,
        device: str | torch.device | None = None,
        precision: str = "float32",
        as_tensor: bool = False,
        truncate_dim: int | None = None,
        prompt: str | None = None,
        progress: bool = False,
        **spellings: Any,
    ) -> Vectors | Tensor:
        """Encode sentences without dropout, in float32, whatever precision the training uses.

        Sentences are batched by length, so the result does not depend on their order beyond rounding. They are read
        once, a few thousand at a time, and not copied.

        Args:
            sentences: any number of strings (a list, a generator, a pandas Series, an array), or one.
            batch_size: the most sentences encoded together; on a CPU long ones are fewer, which is faster.
            max_length: tokens at which a sentence is cut; None for the encoder's own.
            normalize: give vectors of length one; one of length zero stays.
            device: as torch names it, or auto; the encoder moves there and stays. None: where it is.
            precision: float32, or bfloat16 or float16 for products, which is faster where the device has them.
            as_tensor: give a torch tensor on the encoder's device.
            truncate_dim: leading values of a vector that are kept, before `normalize`; None for the encoder's own.
            prompt: put before every sentence; None for the encoder's own.
            progress: show a bar on a terminal.
            **spellings: sentence-transformers' names: normalize_embeddings, convert_to_tensor, convert_to_numpy,
                show_progress_bar.

        Returns:
            float32 array (or tensor) of (sentences, width); (width,) for a single string.

        Raises:
            ValueError: naming the argument that has an impossible value; if a sentence is not a string or holds half a
                character.
        """
        options = Encoding(
            batch_size, max_length, normalize, device, precision, as_tensor, truncate_dim, prompt, progress
        )
        return encode_texts(self, sentences, options.respelled(spellings))

    def similarity(self, a: Similar, b: Similar) -> Vectors:
        """Cosines of every one of `a` with every one of `b`, float32 of (N, M).

        Args:
            a: texts, or vectors of (N, width); one of them counts as a list of one.
            b: texts, or vectors of (M, width).

        Raises:
            ValueError: if vectors are of different widths, or as `encode`.
        """
        return similarity(self.encode, a, b, pairwise=False)

    def similarity_pairwise(self, a: Similar, b: Similar) -> Vectors:
        """The cosine of each of `a` with its partner in `b`, float32 of (N,); arguments as of `similarity`.

        Raises:
            ValueError: if they are not as many, or as `similarity`.
        """
        return similarity(self.encode, a, b, pairwise=True)

    def tokenize(self, sentences: Iterable[str], *, max_length: int | None = None) -> list[list[int]]:
        """Token ids of each sentence, behind the prompt and with special tokens, cut at `max_length` (None: the own).

        Raises:
            ValueError: if a sentence is not a string or holds half a character, or all are one string.
        """
        limit = self.max_length if max_length is None else max_length
        return list(tokenized(sentences, self.tokenizer, prompt=self.prompt, max_length=limit))
