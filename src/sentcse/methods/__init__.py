"""The training objectives, each a LightningModule that reads like its paper."""

from sentcse.methods.base import Method, Objective
from sentcse.methods.simcse import SimCSE

__all__ = ["Method", "Objective", "SimCSE"]
