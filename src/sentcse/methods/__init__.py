"""The training objectives, each a LightningModule that reads like its paper."""

from sentcse.methods.base import Method
from sentcse.methods.diffcse import DiffCSE
from sentcse.methods.micse import MiCSE
from sentcse.methods.objective import Objective
from sentcse.methods.simcse import SimCSE

__all__ = ["DiffCSE", "Method", "MiCSE", "Objective", "SimCSE"]
