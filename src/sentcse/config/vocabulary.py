"""What others call a setting, for "did you mean": words of the papers, of other tools, of other commands."""

from __future__ import annotations

OTHER_NAMES = {
    "lr": ("optimizer.learning_rate",),
    "lambda": ("method.rtd_weight", "method.ami_weight"),
    "tau": ("method.temperature",),
    "epochs": ("trainer.max_epochs",),
    "steps": ("trainer.max_steps",),
    "model": ("encoder.name_or_path", "encoder"),
    "model_name_or_path": ("encoder.name_or_path", "encoder"),
    "device": ("trainer.accelerator",),
    "accelerator": ("trainer.accelerator", "device"),
    "low_shot": ("data.low_shot.size",),
    "root": ("runs.root", "root"),
}
"""By the last part of what was typed; those that a command has are suggested."""

OTHER_VALUES = {
    "trainer.accelerator": {"cuda": "gpu"},
    "trainer.precision": {
        "16": "fp16",
        "16-mixed": "fp16",
        "16-true": "fp16",
        "bf16-mixed": "bf16",
        "32-true": "32",
    },
}
"""By key, this project's word for what was given."""
