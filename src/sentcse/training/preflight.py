"""Is everything there that a run will need? Asked before torch is imported, so that a fault is said at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from sentcse.config import TrainConfig
from sentcse.config.evaluation import Evaluation
from sentcse.config.generator_schema import RunConfig
from sentcse.data.configured import configured_source
from sentcse.data.text_file import TextFile, require_file, similar_file
from sentcse.errors import DataError, SentcseError
from sentcse.storage.backbones import masked_language_model_folder, require_model

logger = logging.getLogger(__name__)


def fetch_sources(config: RunConfig) -> None:
    """Find models and data on this machine or fetch the data; import nothing heavy.

    Raises:
        SentcseError: one sentence a line for everything that cannot be had.
    """
    faults = list(_faults(config))
    if faults:
        raise SentcseError("\n".join(faults))


def _faults(config: RunConfig) -> Iterator[str]:
    root = Path(config.data_root)
    for check in (_require_encoder, _require_peft, _require_generator, _fetch_corpus, _fetch_evaluation):
        try:
            check(config, root)
        except SentcseError as fault:
            yield str(fault)


def _require_encoder(config: RunConfig, root: Path) -> None:
    name = config.encoder.name_or_path
    # the training of a generator may start from another one
    source = name if isinstance(config, TrainConfig) else masked_language_model_folder(name)
    require_model(source, revision=config.encoder.revision, key="encoder.name_or_path")


def _require_peft(config: RunConfig, root: Path) -> None:
    if isinstance(config, TrainConfig) and config.encoder.lora.rank is not None and find_spec("peft") is None:
        raise SentcseError(
            f"encoder.lora.rank={config.encoder.lora.rank} needs peft, which is not installed: "
            "pip install 'sentcse[peft]'."
        )


def _require_generator(config: RunConfig, root: Path) -> None:
    if isinstance(config, TrainConfig) and config.method.reads_generator and config.generator.name_or_path is not None:
        source = masked_language_model_folder(config.generator.name_or_path)
        require_model(source, revision=config.generator.revision, key="generator.name_or_path")


def _fetch_corpus(config: RunConfig, root: Path) -> None:
    source = configured_source(config.data, root)
    source.fetch()
    if isinstance(source, TextFile) and not source.path.is_file():
        named, path = config.data.path, source.path
        places = list(dict.fromkeys(place.absolute() for place in (Path(str(named)), path)))
        folder = next((place for place in places if place.is_dir()), None)
        if folder is not None:
            require_file(folder)
        similar = " or ".join(filter(None, (similar_file(place) for place in places)))
        raise DataError(
            f"The corpus data.path={named} is missing: there is no file {' nor '.join(map(str, places))}"
            f"{f' (did you mean {similar}?)' if similar else ''}; give a .txt, .csv, .tsv or .jsonl file of your own "
            "with data.path, or set SENTCSE_DATA to the folder that holds it."
        )


def _fetch_evaluation(config: RunConfig, root: Path) -> None:
    from sentcse.data.fetching.manifest import check_files, warn_of
    from sentcse.data.fetching.senteval_download import ensure_senteval
    from sentcse.evaluation.tasks.selection import senteval_files
    from sentcse.training.tasks import selected_tasks

    if not isinstance(config, TrainConfig):
        return  # it is scored on a part of its corpus
    evaluation: Evaluation = config.evaluation
    selected = [*selected_tasks(config, "dev"), *selected_tasks(config, "test")]
    for task in selected:
        if task.pairs is not None and not Path(task.pairs).is_file():
            given = evaluation.pairs_dev if task.split == "dev" else evaluation.pairs_test
            raise DataError(
                f"The pairs file evaluation.pairs_{task.split}={given} is missing: give a .tsv or .csv with score, "
                "sentence1 and sentence2."
            )
    files = senteval_files(selected)
    ensure_senteval(root, files, level=evaluation.verify)
    differing = check_files(root / "senteval", files, level=evaluation.verify)
    if len(differing) > 0:
        logger.warning("%s", warn_of(differing))
