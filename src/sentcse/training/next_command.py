"""The command that trains DiffCSE with a generator: as it is printed it runs, on the corpus of the generator."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from sentcse.command.composition import as_word
from sentcse.config.data import Data
from sentcse.config.generator_schema import GeneratorConfig
from sentcse.evaluation.tasks.sts import required_files


def diffcse_command(config: GeneratorConfig, generator: Path) -> str:
    """The command line, for the shell and the folder that the generator was trained from."""
    return shlex.join(["python", "-m", "sentcse.train", "method=diffcse", *_words(config, generator)])


def _words(config: GeneratorConfig, generator: Path) -> Iterator[str]:
    yield f"encoder.name_or_path={as_word(config.encoder.name_or_path)}"
    if config.encoder.revision is not None:
        yield f"encoder.revision={as_word(config.encoder.revision)}"
    yield f"generator.name_or_path={as_word(str(generator))}"
    yield from _corpus(config.data)
    root = Path(config.data_root)
    if config.data_root != os.environ.get("SENTCSE_DATA", "data"):
        yield f"data_root={as_word(config.data_root)}"
    if not all((root / "senteval" / file).is_file() for file in required_files("stsb", "dev")):
        yield "evaluation=embedded"  # nothing to fetch


def _corpus(data: Data) -> Iterator[str]:
    yield "data=text"
    if data.dataset is not None:
        yield from ("data.path=null", f"data.dataset={as_word(data.dataset)}", f"data.split={as_word(data.split)}")
        if data.dataset_config is not None:
            yield f"data.dataset_config={as_word(data.dataset_config)}"
    else:
        yield f"data.path={as_word(str(data.path))}"
    if data.columns is not None:
        yield f"data.columns=[{','.join(map(as_word, data.columns))}]"
    if data.encoding != "utf-8":
        yield f"data.encoding={as_word(data.encoding)}"
