from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from sentcse.config.data import HubFile
from sentcse.data.datamodule import SentenceDataModule
from sentcse.data.fetching import published
from sentcse.data.fetching.published import PublishedFile
from sentcse.data.low_shot import LowShot
from sentcse.data.source import Source
from sentcse.data.text_file import TextFile
from sentcse.errors import DataError

Make = Callable[..., SentenceDataModule]


@pytest.fixture
def make(tokenizer: PreTrainedTokenizerFast, numbered: Path, tmp_path: Path) -> Make:
    def made(source: Source | None = None, **options: Any) -> SentenceDataModule:
        defaults = {"cache_dir": tmp_path / "cache", "max_length": 16, "batch_size": 8}
        source = TextFile(numbered) if source is None else source
        return SentenceDataModule(source=source, tokenizer=tokenizer, **{**defaults, **options})

    return made


def ready(data: SentenceDataModule) -> SentenceDataModule:
    data.prepare_data()
    data.setup("fit")
    return data


def sentences(batch: dict[str, Tensor], tokenizer: PreTrainedTokenizerFast) -> list[str]:
    return [tokenizer.decode(row[0], skip_special_tokens=True) for row in batch["input_ids"]]


def test_an_epoch_gives_every_sentence_in_two_views(make: Make, tokenizer: PreTrainedTokenizerFast) -> None:
    data = ready(make())
    batches = list(data.train_dataloader())
    assert (data.sentences, data.steps_per_epoch, len(batches)) == (100, 13, 13)
    assert len({text for batch in batches for text in sentences(batch, tokenizer)}) == 100
    assert all(torch.equal(batch["input_ids"][:, 0], batch["input_ids"][:, 1]) for batch in batches)
    assert [len(batch["input_ids"]) for batch in batches] == [8] * 12 + [4]
    assert data.report.rows == 100


def test_order_depends_neither_on_workers_nor_on_the_global_seed(make: Make) -> None:
    torch.manual_seed(1)
    alone = [batch["input_ids"] for batch in ready(make(seed=3)).train_dataloader()]
    torch.manual_seed(2)
    helped = [batch["input_ids"] for batch in ready(make(seed=3, num_workers=2)).train_dataloader()]
    assert all(torch.equal(one, other) for one, other in zip(alone, helped, strict=True))
    other_seed = [batch["input_ids"] for batch in ready(make(seed=4)).train_dataloader()]
    assert not all(
        torch.equal(one, other) for one, other in zip(alone, other_seed, strict=True) if one.shape == other.shape
    )


def test_low_shot_split_takes_part_of_the_same_cache(make: Make, tmp_path: Path) -> None:
    whole, part = ready(make()), ready(make(low_shot=LowShot(50, percent=10)))
    assert part.sentences == 10
    assert part.data_sha256 != whole.data_sha256
    assert part.data_sha256 == ready(make(low_shot=LowShot(50, size=10))).data_sha256
    assert part.data_sha256 != ready(make(low_shot=LowShot(51, size=10))).data_sha256
    assert part.report == whole.report
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_hard_negatives_are_the_third_view(make: Make, tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    path = tmp_path / "nli.csv"
    path.write_text("sent0,sent1,hard_neg\n" + "cat,the cat,dog\n" * 5)
    (batch,) = ready(make(TextFile(path))).train_dataloader()
    assert batch["input_ids"].shape[:2] == (5, 3)
    assert [tokenizer.decode(text, skip_special_tokens=True) for text in batch["input_ids"][0]] == [
        "cat",
        "the cat",
        "dog",
    ]


def test_too_few_sentences(make: Make, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("the cat\n\n")
    with pytest.raises(DataError, match=r"one\.txt gives 1 sentence\(s\) .* in-batch negatives need at least 2"):
        ready(make(TextFile(tmp_path / "one.txt")))
    with pytest.raises(DataError, match="gives 100 sentences, fewer than a batch of 128"):
        ready(make(batch_size=128, drop_last=True))
    (batch,) = ready(make(batch_size=128)).train_dataloader()
    assert len(batch["input_ids"]) == 100


def test_a_missing_file_is_fetched_and_another_size_refused(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(wanted: HubFile, destination: Path) -> Path:
        assert wanted == file
        destination.write_text("cat\n\ndog\n")
        return destination

    monkeypatch.setattr(published, "fetch_hub_file", fetch)
    file = HubFile(repo="owner/data", filename="a.txt", revision="v1", rows=3)
    assert ready(make(PublishedFile(tmp_path / "a.txt", file=file))).sentences == 2
    more = file.model_copy(update={"rows": 1_000_000})
    with pytest.raises(DataError, match=r"a\.txt has 3 rows, where the published file has 1,000,000"):
        make(PublishedFile(tmp_path / "a.txt", file=more)).setup()


def test_asked_too_early(make: Make) -> None:
    with pytest.raises(ValueError, match=r"setup\(\) must be called"):
        make().sentences  # noqa: B018


class Recorder(pl.LightningModule):
    """Notes which batches it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen: list[int] = []

    def training_step(self, batch: dict[str, Tensor]) -> Tensor:
        self.seen.append(int(batch["input_ids"].sum()))
        return self.weight.sum()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(data: SentenceDataModule, folder: Path, checkpoint: Path | None = None) -> list[int]:
    saver = ModelCheckpoint(folder, filename="{step}", every_n_train_steps=1, save_top_k=-1)
    trainer = pl.Trainer(
        accelerator="cpu",
        max_steps=30,
        logger=False,
        callbacks=[saver],
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    model = Recorder()
    trainer.fit(model, data, ckpt_path=checkpoint)
    return model.seen


@pytest.mark.parametrize("workers", [0, 2])
def test_a_trainer_continues_from_any_checkpoint_with_the_next_batch(make: Make, tmp_path: Path, workers: int) -> None:
    whole = fit(make(), tmp_path / "whole")
    assert len(set(whole)) > 25
    for step in (5, 13, 20) if workers == 0 else (20,):  # in the first epoch, at its end, in the second
        rest = fit(make(num_workers=workers), tmp_path / f"from{step}", tmp_path / "whole" / f"step={step}.ckpt")
        assert rest == whole[step:]


def test_epochs_have_different_orders(make: Make) -> None:
    loader = ready(make()).train_dataloader()
    first = [int(batch["input_ids"].sum()) for batch in loader]
    loader.batch_sampler.set_epoch(1)
    second = [int(batch["input_ids"].sum()) for batch in loader]
    assert first != second
    assert np.sum(first) != 0
    assert len(list(itertools.chain(first, second))) == 26
