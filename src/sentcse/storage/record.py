"""What a folder or hub name says about its encoder: pooler, head, length, and how it was made."""

from __future__ import annotations

from sentcse.errors import SentcseError
from sentcse.modules.pooling import POOLERS
from sentcse.storage.model_files import ModelFiles
from sentcse.storage.parts import EncoderRecord
from sentcse.storage.sentence_transformers_reader import read_head, read_sentence_transformers_layout

RECORD_FILE = "sentcse.json"
RECORD_FORMAT = 1


def read_record(source: str, *, revision: str | None = None) -> EncoderRecord:
    """Read `sentcse.json`, else a sentence-transformers layout; empty where there is neither.

    Args:
        source: a local folder or a name on the model hub, whose cache is asked first.
        revision: branch, tag or commit on the hub.

    Raises:
        SentcseError: if a file is damaged, or describes an encoder that sentcse cannot build.
    """
    files = ModelFiles(source, revision=revision)
    if files.find(RECORD_FILE) is not None:
        return _read_own_record(files)
    if files.find("modules.json") is not None:
        return read_sentence_transformers_layout(files)
    return EncoderRecord()


def _read_own_record(files: ModelFiles) -> EncoderRecord:
    content = files.json(RECORD_FILE)
    if not isinstance(content, dict):
        raise files.damaged(RECORD_FILE, f"expected an object, got {type(content).__name__}")
    if content.get("format") != RECORD_FORMAT:
        raise SentcseError(
            f"{files.source}/{RECORD_FILE} has format {content.get('format')!r}, this version of sentcse reads "
            f"{RECORD_FORMAT}: update sentcse, or export the encoder again."
        )
    pooler, length = content.get("pooler"), content.get("max_length")
    provenance, head = content.get("provenance"), content.get("head")
    if pooler not in POOLERS:
        raise files.damaged(RECORD_FILE, f"pooler is {pooler!r}, expected one of {', '.join(POOLERS)}")
    if not isinstance(length, int) or length < 1:
        raise files.damaged(RECORD_FILE, f"max_length is {length!r}, expected a number of tokens")
    if not isinstance(provenance, dict) or not isinstance(head, list):
        raise files.damaged(RECORD_FILE, "expected an object 'provenance' and a list 'head'")
    return EncoderRecord(pooler, read_head(files, head), length, provenance)
