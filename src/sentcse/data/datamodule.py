"""The training data of a run, from source to loader."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
from torch import Tensor

from sentcse.data.collator import ViewCollator
from sentcse.data.corpus_report import CorpusReport
from sentcse.data.dataset import SentenceDataset, TokenRows
from sentcse.data.in_memory import as_source
from sentcse.data.low_shot import LowShot
from sentcse.data.sampler import SMALLEST_BATCH, PureBatchSampler, ResumableLoader
from sentcse.data.source import Source
from sentcse.data.token_cache import TokenCache, TokenIds
from sentcse.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset as HuggingFaceDataset
    from transformers import PreTrainedTokenizerBase


class SentenceDataModule(pl.LightningDataModule):
    """Sentences, pairs or pairs with hard negatives as batches of views; see `ViewCollator` for their shape.

    Args:
        source: where the sentences come from: the path of a file, a list of sentences (or of tuples: pairs, with or
            without a hard negative), an open `datasets.Dataset`, or a `Source`.
        tokenizer: tokenizer of the encoder.
        max_length: tokens of a text, special tokens included; 32 in the published training scripts of SimCSE.
        batch_size: sentences in a batch of one process.
        drop_last: leave a last short batch out.
        num_workers: processes that make batches; the order does not depend on it.
        low_shot: the part of the source to train on; None for all.
        drop_duplicates: leave out rows that equal an earlier one in all their tokens, before `low_shot` is taken.
        cache_dir: folder of token caches; None for sentcse/tokens in the user's cache folder.
        seed: seed of the batch order.
        pad_to_multiple_of: round the length of a batch up to a multiple.
        length_window: batches over which sentences are sorted by length, so that those of a batch are about as long;
            None for no sorting. See `sentcse.data.length_windows.LengthWindows`.
    """

    def __init__(
        self,
        *,
        source: Source | str | Path | Sequence[str | Sequence[str]] | HuggingFaceDataset,
        tokenizer: PreTrainedTokenizerBase,
        max_length: int = 32,
        batch_size: int = 64,
        drop_last: bool = False,
        num_workers: int = 0,
        low_shot: LowShot | None = None,
        cache_dir: str | Path | None = None,
        seed: int = 0,
        pad_to_multiple_of: int | None = None,
        drop_duplicates: bool = False,
        length_window: int | None = None,
    ) -> None:
        super().__init__()
        self.source = as_source(source)
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.num_workers = num_workers
        self.seed = seed
        self.pad_to_multiple_of = pad_to_multiple_of
        self.cache_dir = _default_cache_dir() if cache_dir is None else Path(cache_dir)
        self.low_shot = low_shot
        self.drop_duplicates = drop_duplicates
        self.length_window = length_window
        self._cache: TokenCache | None = None
        self._dataset: SentenceDataset | None = None
        self._loader: ResumableLoader | None = None
        self._place: dict[str, int] | None = None

    def prepare_data(self) -> None:
        """Fetch and tokenise; Lightning calls it in one process of each machine, before `setup` in all."""
        self.source.fetch()
        self._open_cache()

    def setup(self, stage: str | None = None) -> None:
        """Open the cache, and make it if `prepare_data` was not called.

        Raises:
            DataError: faults of the source; too few sentences; another number of rows than the published file.
        """
        if self._dataset is None:
            cache = self._open_cache()
            self.source.check_rows(cache.report.records)
            self._dataset = SentenceDataset(cache, self.low_shot, self.drop_duplicates)
        self._check_size(len(self._ready))

    def train_dataloader(self) -> ResumableLoader:
        """Batches in the order of (seed, epoch), the part of this rank; the position is part of a checkpoint."""
        options: dict[str, Any] = {"num_workers": self.num_workers, "persistent_workers": self.num_workers > 0}
        options["worker_init_fn"] = _leave_ctrl_c
        self._loader = ResumableLoader(self._rows(), self._sampler(), collate_fn=self._collator(), **options)
        if self._place is not None:
            self._loader.load_state_dict(self._place)
        return self._loader

    def state_dict(self) -> dict[str, Any]:
        """Where the order of the batches stands, for the checkpoint."""
        return {} if self._loader is None else dict(self._loader.state_dict())

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Let the next loader continue at a checkpoint's place.

        Lightning 2.6 itself hands a loader its state only if nobody has asked for the number of steps before, and
        every learning-rate schedule that ends does ask.
        """
        self._place = dict(state_dict)

    def teardown(self, stage: str) -> None:
        """Forget the place: another `fit` starts at the beginning."""
        self._place = None

    @property
    def sentences(self) -> int:
        """Rows that are trained on, after the low-shot split."""
        return len(self._ready)

    @property
    def dropped_duplicates(self) -> int:
        """Rows of the corpus that were left out as duplicates."""
        return self._ready.dropped

    @property
    def data_sha256(self) -> str:
        """Hash that names the training data; of a whole .txt file, the file's own SHA-256."""
        return self._ready.sha256

    @property
    def report(self) -> CorpusReport:
        """What was found in the whole corpus."""
        return self._ready.cache.report

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch on each rank."""
        return len(self._sampler())

    @property
    def _ready(self) -> SentenceDataset:
        if self._dataset is None:
            raise ValueError("setup() must be called before the data are asked for")
        return self._dataset

    @property
    def _world(self) -> tuple[int, int]:
        return (0, 1) if self.trainer is None else (self.trainer.global_rank, self.trainer.world_size)

    def _rows(self) -> TokenRows:
        return self._ready

    def _collator(self) -> Callable[[Sequence[list[TokenIds]]], dict[str, Tensor]]:
        return ViewCollator(self._pad_token_id(), self._ready.cache.columns, self.pad_to_multiple_of)

    def _sampler(self) -> PureBatchSampler:
        rows = self._rows()
        return PureBatchSampler(
            len(rows),
            self.batch_size,
            self.seed,
            self.drop_last,
            *self._world,
            length_window=self.length_window,
            lengths=rows.lengths,
        )

    def _open_cache(self) -> TokenCache:
        # once: opening it reads every byte of it
        if self._cache is None:
            self._cache = TokenCache.open_or_build(self.source, self.tokenizer, self.max_length, self.cache_dir)
        return self._cache

    def _pad_token_id(self) -> int:
        pad = self.tokenizer.pad_token_id
        if not isinstance(pad, int):
            raise DataError(
                "The tokenizer has no padding token, which batches of different lengths need: choose another encoder."
            )
        return pad

    def _check_size(self, sentences: int) -> None:
        ranks = self._world[1]
        if sentences < SMALLEST_BATCH * ranks:
            raise DataError(
                f"{self.source.name} gives {sentences} sentence(s) for {ranks} process(es): in-batch negatives need "
                f"at least {SMALLEST_BATCH} in each; take a larger corpus or split."
            )
        if self.drop_last and sentences < self.batch_size * ranks:
            raise DataError(
                f"{self.source.name} gives {sentences} sentences, fewer than a batch of {self.batch_size * ranks}: set "
                "data.drop_last=false or a smaller data.batch_size."
            )


def _leave_ctrl_c(worker: int) -> None:
    """Ctrl-C reaches every process of a terminal, and the step that is being made still needs its batches."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _default_cache_dir() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path.home() / ".cache" if home is None else Path(home)) / "sentcse" / "tokens"
