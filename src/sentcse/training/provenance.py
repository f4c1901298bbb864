"""How a model is made, in plain containers: kept in checkpoints and in what is exported."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sentcse.config import TrainConfig
from sentcse.config.generator_schema import RunConfig
from sentcse.data.datamodule import SentenceDataModule
from sentcse.machine.device import choose_accelerator, choose_precision
from sentcse.machine.locate import PACKAGE_PREFIX

PACKAGES = ("sentcse", "torch", "pytorch-lightning", "transformers", "datasets", "numpy", "scipy")


def provenance(config: RunConfig, data: SentenceDataModule) -> dict[str, Any]:
    """Recipe, base model, data and versions."""
    return {
        "recipe": recipe(config),
        "base_model": config.encoder.name_or_path.removeprefix(PACKAGE_PREFIX).removesuffix("/model"),
        **({"method": config.method_name} if isinstance(config, TrainConfig) else {}),
        "data": {
            "source": Path(data.source.name).name,
            "sha256": data.data_sha256,
            "sentences": data.sentences,
            **({"dropped_duplicates": data.dropped_duplicates} if config.data.duplicates == "drop" else {}),
        },
        "versions": versions(),
    }


def recipe(config: RunConfig) -> dict[str, Any]:
    """The settings that made the model, by the keys that set them; no paths of this machine."""
    encoder = {"dropout", "revision"}
    if isinstance(config, TrainConfig):
        encoder.add("pooler")
        alone: dict[str, Any] = {"seed": config.seed}
        sections = {"method": config.method.model_dump(by_alias=True)}
    else:
        alone = {"seed": config.seed, "masking_ratio": config.masking_ratio}
        sections = {"held_out": config.held_out.model_dump()}
    sections |= {
        "encoder": config.encoder.model_dump(include=encoder),
        "data": config.data.model_dump(include={"max_length", "batch_size", "drop_last"}),
        "optimizer": config.optimizer.model_dump(),
        "trainer": config.trainer.model_dump(
            include={"max_epochs", "max_steps", "precision", "accumulate_grad_batches", "gradient_clip_val", "devices"}
        ),
    }
    sections["data"] |= config.data.model_dump(include={"duplicates", "length_window"}, exclude_defaults=True)
    sections["encoder"] |= config.encoder.model_dump(include={"prompt"}, exclude_defaults=True)
    if config.encoder.lora.rank is not None:
        sections["encoder.lora"] = config.encoder.lora.model_dump()
    low_shot = config.data.low_shot
    if low_shot.size is not None or low_shot.percent is not None:
        sections["data.low_shot"] = low_shot.model_dump()
    if isinstance(config, TrainConfig) and config.method.reads_generator and config.generator.name_or_path is not None:
        revision = config.generator.model_dump(include={"revision"}, exclude_none=True)
        sections["generator"] = {"name": Path(config.generator.name_or_path).name, **revision}
    # of a run on several machines
    sections["trainer"] |= config.trainer.model_dump(include={"num_nodes", "sync_batchnorm"}, exclude_defaults=True)
    # what auto has become on this machine
    sections["trainer"]["precision"] = choose_precision(
        config.trainer.precision, choose_accelerator(config.trainer.accelerator)
    )
    flat = {f"{section}.{key}": value for section, values in sections.items() for key, value in values.items()}
    return {**alone, **flat}


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a result depends on; of sentcse in a checkout, the commit as well."""
    found = {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}}
    commit = _commit(Path(__file__).resolve().parents[3])
    return found if commit is None else {**found, "sentcse": f"{found['sentcse']}+g{commit}"}


@cache
def _commit(checkout: Path) -> str | None:
    """The commit that is checked out, with "-dirty" where files differ from it; None if it cannot be had."""
    if not (checkout / ".git").exists():
        return None
    words = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
