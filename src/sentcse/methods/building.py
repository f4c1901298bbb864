"""How a method is made: of names in one call, and again of its own checkpoint."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.machine.files import first_line
from sentcse.methods.optimization import AdamWSettings, TrainedModule
from sentcse.modules.lora import LoRA
from sentcse.storage.adapters import set_origin
from sentcse.storage.backbones import encoder_folder, masked_language_model_folder
from sentcse.storage.checkpoint import CHECKPOINT_KEY, load_checkpoint_encoder, read_checkpoint
from sentcse.storage.opening import open_backbone

if TYPE_CHECKING:
    from typing_extensions import Self

PLAIN = (str, int, float, bool, list, type(None))
"""What a checkpoint, which loads with `weights_only=True`, may keep of the arguments."""


@dataclass(frozen=True)
class Origin:
    """A pretrained model: folder or hub name, revision, and the dropout that it is given (None: its own)."""

    name_or_path: str
    revision: str | None = None
    dropout: float | None = None


class _Made(NamedTuple):
    """What a checkpoint says of the method that it is of."""

    name: str
    options: dict[str, Any]
    optimizer: AdamWSettings
    generator: Origin | None
    start: Origin | None
    lora: LoRA | None


class BuiltModule(TrainedModule, ABC):
    """A module that remembers what it was made of."""

    _options: dict[str, Any]
    _generator_origin: Origin | None
    _start_origin: Origin | None

    def __new__(cls, *arguments: Any, **options: Any) -> Self:
        """Note the options; the published classes, which take a name, are others.

        Raises:
            ValueError: if the encoder is a name.
        """
        named = options.get("encoder", arguments[0] if arguments else None)
        if isinstance(named, (str, Path)):
            name, method = str(named), cls.__name__
            raise ValueError(
                f"encoder must be a SentenceEncoder, got {name!r}: {method} is what is trained, and "
                f"{method}.from_pretrained({name!r}) makes one; to encode sentences, write "
                f"SentenceEncoder.from_pretrained({name!r}), or import SimCSE or DiffCSE from sentcse.compat, which "
                "are called as the published classes."
            )
        made = super().__new__(cls)
        made._options = _plain(options)
        made._generator_origin = made._start_origin = None
        return made

    @classmethod
    @abstractmethod
    def build(
        cls,
        encoder: SentenceEncoder,
        *,
        origin: Origin,
        generator: Origin | None,
        optimizer: AdamWSettings,
        **options: Any,
    ) -> Self:
        """The method with everything that it needs beside the encoder; see `Method.build`."""

    @classmethod
    def assemble(
        cls,
        encoder: SentenceEncoder,
        *,
        origin: Origin,
        generator: Origin | None,
        optimizer: AdamWSettings,
        lora: LoRA | None = None,
        **options: Any,
    ) -> Self:
        """As `build`, with adapters where `lora` is given; what it is made of is remembered for checkpoints."""
        made = cls.build(encoder, origin=origin, generator=generator, optimizer=optimizer, **options)
        made._options, made._generator_origin, made._start_origin = _plain(options), generator, origin
        if lora is not None:
            made.adapt(lora)
        return made

    @abstractmethod
    def adapt(self, lora: LoRA) -> None:
        """Train adapters in place of a backbone's weights; see `Method.adapt`."""

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path,
        *,
        pooler: str = "cls",
        dropout: float | None = None,
        revision: str | None = None,
        generator: str | Path | None = None,
        generator_revision: str | None = None,
        optimizer: AdamWSettings | None = None,
        lora: LoRA | None = None,
        **options: Any,
    ) -> Self:
        """The method around a pretrained encoder, ready for `Trainer.fit`.

        A head is drawn at random: call `seed_everything` before.

        Args:
            name_or_path: folder, hub name or checkpoint of the encoder that is trained.
            pooler: how token states become a vector; cls: first token, then the method's head.
            dropout: sets every dropout of the encoder; None leaves them as the checkpoint has them.
            revision: branch, tag or commit on the hub.
            generator: folder or hub name of the masked language model that edits sentences for DiffCSE.
            generator_revision: its branch, tag or commit.
            optimizer: AdamW settings; None for the published ones.
            lora: train adapters in place of the encoder's weights, of this rank and kind; needs peft.
            **options: the options of the method, as in `configs/method/`.

        Raises:
            SentcseError: if a model cannot be had, or the two have different vocabularies.
        """
        backbone, tokenizer = open_backbone(str(name_or_path), dropout=dropout, revision=revision)
        return cls.assemble(
            SentenceEncoder(backbone, tokenizer, pooler="cls_before_pooler" if pooler == "cls" else pooler),
            origin=Origin(encoder_folder(str(name_or_path)), revision, dropout),
            generator=_generator(generator, generator_revision),
            optimizer=AdamWSettings() if optimizer is None else optimizer,
            lora=lora,
            **options,
        )

    @classmethod
    def load_from_checkpoint(  # type: ignore[override]
        cls,
        checkpoint_path: str | Path,
        map_location: Any = None,
        hparams_file: str | Path | None = None,
        strict: bool | None = None,
        weights_only: bool | None = None,
        *,
        generator: str | Path | None = None,
        generator_revision: str | None = None,
        **options: Any,
    ) -> Self:
        """The method of a checkpoint, without the encoder that training started from.

        Args:
            checkpoint_path: a .ckpt file, of a run or of a trainer of your own.
            map_location: the device; None for the CPU.
            hparams_file: not read: the checkpoint has it all.
            strict: whether the weights must be exactly those of the method; None: they must.
            weights_only: without effect, the file is always read so.
            generator: DiffCSE's, which no checkpoint holds, where it lies elsewhere than while training.
            generator_revision: its branch, tag or commit.
            **options: in place of those in the checkpoint.

        Raises:
            SentcseError: if the file is damaged or of another method, or a generator cannot be had.
        """
        path = Path(checkpoint_path).expanduser()
        parts = load_checkpoint_encoder(path)
        checkpoint = read_checkpoint(path)
        stored = _made_of(checkpoint[CHECKPOINT_KEY], path)
        if stored.name != cls.__name__:
            raise SentcseError(f"{path} was written while training {stored.name}, which is not {cls.__name__}.")
        if stored.lora is None:  # else its adapters belong to what they were trained on
            set_origin(parts.backbone, path)
        pooler = "cls_before_pooler" if parts.pooler == "cls" else parts.pooler
        made = cls.assemble(
            SentenceEncoder.from_parts(replace(parts, pooler=pooler, head=None)),
            origin=Origin(str(path)),
            generator=stored.generator if generator is None else _generator(generator, generator_revision),
            optimizer=stored.optimizer,
            lora=stored.lora,
            **{**stored.options, **options},
        )
        made.load_state_dict(checkpoint["state_dict"], strict=strict is None or strict)
        made._start_origin = stored.start
        made.begin_with(stored.start)
        made.record = checkpoint[CHECKPOINT_KEY]["record"]
        return made if map_location is None else made.to(map_location)

    def begin_with(self, origin: Origin | None) -> None:
        """Take note of the encoder that training began with; nothing, unless the method needs it later."""

    def made_of(self) -> dict[str, Any]:
        """What `load_from_checkpoint` needs beside the encoder, in plain containers."""
        return {
            "class": type(self).__name__,
            "options": self._options,
            "optimizer": asdict(self.optimizer_settings),
            "generator": None if self._generator_origin is None else asdict(self._generator_origin),
            "start": None if self._start_origin is None else asdict(self._start_origin),
        }


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if isinstance(value, PLAIN)}


def _generator(name_or_path: str | Path | None, revision: str | None) -> Origin | None:
    return None if name_or_path is None else Origin(masked_language_model_folder(str(name_or_path)), revision)


def _made_of(entry: Mapping[str, Any], path: Path) -> _Made:
    """What a checkpoint says; one of an earlier version has the recipe of its run, and no generator."""
    try:
        known = entry["method"] if "method" in entry else _of_recipe(entry["record"]["recipe"])
        # those of earlier versions do not say what they began with
        generator, start = (
            None if each is None else Origin(**each) for each in (known["generator"], known.get("start"))
        )
        optimizer = AdamWSettings(**known["optimizer"])
        lora = LoRA(**entry["encoder"]["lora"]) if "lora" in entry["encoder"] else None
        return _Made(str(known["class"]), dict(known["options"]), optimizer, generator, start, lora)
    except (KeyError, TypeError, ValueError) as error:
        raise SentcseError(
            f"{path} does not say how its method was made ({first_line(error)}): make it as it was, by its "
            "constructor, and load the state_dict of the file into it."
        ) from error


def _of_recipe(recipe: Mapping[str, Any]) -> dict[str, Any]:
    def section(name: str) -> dict[str, Any]:
        return {key.removeprefix(name): value for key, value in recipe.items() if key.startswith(name)}

    options = section("method.")
    name = str(options.pop("_target_")).rpartition(".")[2]
    return {"class": name, "options": options, "optimizer": section("optimizer."), "generator": None}
