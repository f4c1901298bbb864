"""A fourth method, written as docs/architecture.md says: its files, and the places of the package that name it."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]

LOSS = '''
"""The square of the distance between two views (nobody, never)."""

from __future__ import annotations

from torch import Tensor


def my_loss(z1: Tensor, z2: Tensor) -> Tensor:
    """Mean squared distance of (sentences, width) vectors."""
    return (z1 - z2).square().mean()
'''

METHOD = '''
"""My method: InfoNCE and my loss."""

from __future__ import annotations

from typing import Any

from sentcse.encoder import SentenceEncoder
from sentcse.losses.info_nce import info_nce_loss
from sentcse.methods.base import Method
from sentcse.methods.objective import Batch, Objective
from LOSS_MODULE import my_loss


class MyMethod(Method):
    """InfoNCE plus my loss."""

    def __init__(
        self, encoder: SentenceEncoder, *, temperature: float = 0.05, my_weight: float = 0.1, **base: Any
    ) -> None:
        super().__init__(encoder, **base)
        self.temperature = temperature
        self.my_weight = my_weight

    def compute_losses(self, batch: Batch) -> Objective:
        """InfoNCE plus my loss."""
        z1, z2 = self.embed(batch).unbind(1)
        losses = {"info_nce": info_nce_loss(z1, z2, temperature=self.temperature), "mine": my_loss(z1, z2)}
        return Objective(losses, weights={"mine": self.my_weight})
'''

OPTIONS = '''
class MyOptions(MethodOptions):
    """My method (nobody, never)."""

    my_weight: Number = Field(0.1, ge=0, description="weight of my loss")


'''

CONFIG = """
_target_: sentcse.methods.MyMethod
temperature: 0.05
head: linear_tanh
projection_at_eval: false
my_weight: 0.1
"""

EXPERIMENT = """
# @package _global_
defaults:
  - override /method: mymethod

"""


def write_outside(folder: Path) -> None:
    """A module and its loss in a folder of a user, who changes nothing of the package."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "my_losses.py", LOSS)
    _write(folder / "my_module.py", METHOD.replace("LOSS_MODULE", "my_losses"))


def write_inside(folder: Path) -> dict[str, int]:
    """A copy of the package with a fourth method; returns how many lines each file gained."""
    for name in ("src", "configs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    package = folder / "src" / "sentcse"
    new = {
        package / "losses" / "my_loss.py": LOSS,
        package / "methods" / "my_method.py": METHOD.replace("LOSS_MODULE", "sentcse.losses.my_loss"),
        folder / "configs" / "method" / "mymethod.yaml": CONFIG,
        folder / "configs" / "experiment" / "mymethod_tiny.yaml": EXPERIMENT,
    }
    for path, text in new.items():
        _write(path, text)
    init, options = package / "methods" / "__init__.py", package / "config" / "method_options.py"
    changed = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (init, options)}
    _insert(init, "from sentcse.methods.simcse import", "from sentcse.methods.my_method import MyMethod\n")
    _insert(init, '"SimCSE"', '"MyMethod", ', inside=True)
    _insert(options, "class CustomMethodOptions", OPTIONS.lstrip("\n"))
    _insert(options, '    "sentcse.methods.MiCSE": MiCSEOptions', '    "sentcse.methods.MyMethod": MyOptions,\n')
    _insert(
        options, "    | Annotated[CustomMethodOptions", '    | Annotated[MyOptions, Tag("sentcse.methods.MyMethod")]\n'
    )
    counted = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (*new, init, options)}
    return {str(path.relative_to(folder)): lines - changed.get(path, 0) for path, lines in counted.items()}


def _write(path: Path, text: str) -> None:
    path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")


def _insert(path: Path, before: str, text: str, *, inside: bool = False) -> None:
    """Put text before the one line that begins with `before`, or before the last place where it stands."""
    whole = path.read_text(encoding="utf-8")
    place = whole.rindex(before) if inside else ("\n" + whole).index("\n" + before)
    path.write_text(whole[:place] + text + whole[place:], encoding="utf-8")
