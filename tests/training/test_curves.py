from __future__ import annotations

from pathlib import Path

import matplotlib.image
import pytest
from matplotlib.figure import Figure

from sentcse.records.metrics_file import MetricsFile
from sentcse.training.curves import PANELS, plot_curves, selecting_panels


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    file = MetricsFile(tmp_path / "metrics.csv")
    file.append({"val/stsb_spearman": 50.0, "val/alignment": 0.2}, step=0)
    for step in range(1, 10):
        file.append({"train/loss": 1 / step, "train/positive_cosine": 0.9}, step=step)
    file.append({"val/stsb_spearman": float("nan"), "val/sickr_spearman": 60.0}, step=5)
    return file.path


def test_the_picture(metrics: Path, tmp_path: Path) -> None:
    picture = tmp_path / "curves.png"
    plot_curves(metrics, picture, title="a run", best_step=5)
    pixels = matplotlib.image.imread(picture)
    assert pixels.shape[0] > 300
    assert pixels.shape[1] > 1000
    assert pixels.min() < 0.5  # something is drawn
    plot_curves(metrics, tmp_path / "unmarked.png", title="a run")
    assert (matplotlib.image.imread(tmp_path / "unmarked.png") != pixels).any()


def test_a_run_without_a_single_row(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("step\n")
    plot_curves(tmp_path / "metrics.csv", tmp_path / "curves.png", title="a run")
    assert (tmp_path / "curves.png").is_file()


def test_a_single_point_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, **how: (drawn.append(figure), path.touch()))
    file = MetricsFile(tmp_path / "metrics.csv")
    for step in (1, 2):
        file.append({"train/loss": 1.0}, step=step)
        plot_curves(file.path, tmp_path / "curves.png", title="a run")
    alone, line = (figure.axes[0].lines[0] for figure in drawn)
    assert (alone.get_marker(), line.get_marker()) == ("o", "None")


def test_what_selects_stands_in_the_middle() -> None:
    assert selecting_panels("stsb") == PANELS
    assert selecting_panels("last") == PANELS
    loss, middle, cosines = selecting_panels("info_nce")
    assert middle == ("Held-out info nce", ("val/info_nce",))
    assert (loss, cosines) == (PANELS[0], PANELS[2])
