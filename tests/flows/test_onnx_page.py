"""The export's ONNX file by the command, and the code of docs/onnx.md run as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from encoders import make_encoder

from sentcse.command.plain import run_plain_command
from sentcse.config.exporting import ExportConfig
from sentcse.encoder import SentenceEncoder
from sentcse.export import export_job

pytestmark = pytest.mark.slow
PAGE = Path(__file__).parents[2] / "docs" / "onnx.md"


def test_the_page_gives_the_encoders_vectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install -e '.[onnx]'")
    monkeypatch.chdir(tmp_path)
    encoder = make_encoder("avg", "batchnorm").eval()
    encoder.prompt = "the: "
    encoder.max_length = 9  # a sentence of the page is longer
    encoder.save_pretrained("exported")
    words = ["checkpoint=exported", "output=my-encoder", "onnx=[float32,int8]"]
    assert run_plain_command(export_job, "export", ExportConfig, words) == 0
    said = capsys.readouterr().out
    assert all(re.search(rf"my-encoder/{name} \(\d+\.\d MB\)", said) for name in ("encoder.onnx", "encoder_int8.onnx"))

    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(code.partition("\n\n")[2].splitlines()) <= 10
    names: dict[str, Any] = {}
    exec(code, names)
    sentences = re.findall(r'text in \["(.*?)", "(.*?)"\]', code)[0]
    expected = SentenceEncoder.from_pretrained("my-encoder").encode(sentences)
    np.testing.assert_allclose(names["vectors"], expected, rtol=0, atol=1e-5)
    assert max(len(row.ids) for row in names["rows"]) == 9
