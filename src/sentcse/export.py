"""Command: make an encoder folder from a training checkpoint.

python -m sentcse.export checkpoint=runs/NAME output=my-encoder
"""

from __future__ import annotations

import sys

from sentcse.command.composed import announce_loading
from sentcse.command.plain import run_plain_command
from sentcse.config.commands import ExportConfig
from sentcse.errors import SentcseError


def main() -> None:
    """Run the command and exit with its code."""
    sys.exit(run_plain_command(export_job, "export", ExportConfig))


def export_job(config: ExportConfig) -> None:
    """Rebuild the encoder from the checkpoint alone, then save it."""
    announce_loading()
    from pathlib import Path

    from sentcse.encoder import SentenceEncoder
    from sentcse.records.layout import BEST_CHECKPOINT, CHECKPOINTS_FOLDER
    from sentcse.storage.checkpoint import load_checkpoint_encoder
    from sentcse.storage.record import RECORD_FILE

    if (Path(config.output) / RECORD_FILE).is_file() and not config.overwrite:
        raise SentcseError(
            f"{config.output} holds an exported encoder already: name a new folder, or replace it with overwrite=true."
        )
    checkpoint = Path(config.checkpoint)
    if (checkpoint / CHECKPOINTS_FOLDER).is_dir():
        checkpoint = checkpoint / CHECKPOINTS_FOLDER / BEST_CHECKPOINT
    parts = load_checkpoint_encoder(checkpoint)
    encoder = SentenceEncoder.from_parts(parts)
    folder = encoder.save_pretrained(config.output, record=parts.provenance)
    print(f"{checkpoint} -> {folder} (pooler {encoder.pooler}, at most {encoder.max_length} tokens)")


if __name__ == "__main__":
    main()
