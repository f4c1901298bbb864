"""Command: make an encoder folder from a training checkpoint, or from the mean of several.

python -m sentcse.export checkpoint=runs/NAME output=my-encoder
python -m sentcse.export 'checkpoint=[runs/A,runs/B,runs/C]' output=my-encoder
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
    """Rebuild the encoder from the checkpoint alone, or the mean of several, then save it."""
    announce_loading()
    from pathlib import Path

    from sentcse.encoder import SentenceEncoder
    from sentcse.storage.averaging import average_encoders
    from sentcse.storage.opening import open_to_export
    from sentcse.storage.record import RECORD_FILE

    if (Path(config.output) / RECORD_FILE).is_file() and not config.overwrite:
        raise SentcseError(
            f"{config.output} holds an exported encoder already: name a new folder, or replace it with overwrite=true."
        )
    opened = [open_to_export(Path(name)) for name in config.checkpoints]
    found = [path for path, _ in opened]
    if len(set(found)) < len(found):
        raise SentcseError("checkpoint names an encoder more than once: name each that is averaged once.")
    # of an absolute path what a reader elsewhere can use
    members = {"/".join(path.parts[-3:]): parts for path, parts in opened}
    if len(members) < len(found):
        members = {str(path): parts for path, parts in opened}
    parts = opened[0][1] if len(opened) == 1 else average_encoders(members)
    encoder = SentenceEncoder.from_parts(parts)
    folder = encoder.save_pretrained(config.output, record=parts.provenance)
    made_of = str(found[0]) if len(found) == 1 else f"The mean of {len(found)} encoders"
    print(f"{made_of} -> {folder} (pooler {encoder.pooler}, at most {encoder.max_length} tokens)")


if __name__ == "__main__":
    main()
