"""Small files of a model, from its folder, the hub's cache or the hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentcse.errors import SentcseError
from sentcse.machine.files import first_line
from sentcse.machine.hub import hub_is_reachable

if TYPE_CHECKING:
    from torch import Tensor


class ModelFiles:
    """The files beside a model's weights.

    Args:
        source: a local folder or a name on the model hub, whose cache is asked first.
        revision: branch, tag or commit on the hub.
    """

    def __init__(self, source: str, *, revision: str | None = None) -> None:
        self.source = source
        self.revision = revision

    def find(self, name: str) -> Path | None:
        """A file's local path; None where there is none, or no way to ask. Raises SentcseError if the hub fails."""
        folder = Path(self.source)
        if not folder.is_dir():
            return self._from_hub(name)
        return folder / name if (folder / name).is_file() else None

    def need(self, name: str) -> Path:
        """A file's local path; raises SentcseError where there is none."""
        path = self.find(name)
        if path is None:
            raise SentcseError(f"{self.source} lacks {name}, which its other files name: fetch or export it again.")
        return path

    def json(self, name: str) -> Any:
        """What a JSON file holds; raises SentcseError where it is missing or damaged."""
        try:
            return json.loads(self.need(name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise self.damaged(name, str(error)) from error
        except RecursionError:
            raise self.damaged(name, "it is nested too deep") from None

    def object(self, name: str) -> dict[str, Any]:
        """The object that a JSON file holds; raises SentcseError where it is missing, damaged or something else."""
        content = self.json(name)
        if not isinstance(content, dict):
            raise self.damaged(name, f"expected an object, got {type(content).__name__}")
        return content

    def tensors(self, name: str) -> dict[str, Tensor]:
        """What a safetensors file holds; raises SentcseError where it is missing or damaged."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            tensors: dict[str, Tensor] = load_file(self.need(name))
        except (OSError, SafetensorError) as error:
            raise self.damaged(name, str(error)) from error
        return tensors

    def damaged(self, name: str, reason: str) -> SentcseError:
        """The fault to raise for a file that cannot be read."""
        return SentcseError(f"{self.source}/{name} is damaged ({reason}): fetch or export the encoder again.")

    def _from_hub(self, name: str) -> Path | None:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

        try:
            return Path(hf_hub_download(self.source, name, revision=self.revision, local_files_only=True))
        except (OSError, ValueError):
            if not hub_is_reachable():
                return None
        try:
            return Path(hf_hub_download(self.source, name, revision=self.revision))
        except (EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError):
            # a wrong name or revision is reported where the weights are asked for
            return None
        except (OSError, ValueError) as error:
            raise SentcseError(
                f"{name} of {self.source} could not be fetched from the hub: {first_line(error)}"
            ) from error
