"""Figures: the same bytes each time, as wide as a column, and series that are told apart without colour."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread

from sentcse.printing.figures import COLOURS, DARK_COLOURS, look, new_figure, save_figure


def drawn(**size: float) -> Figure:
    """A line in every look of the first six, with a legend."""
    with new_figure(2.0, **size) as figure:
        axes = figure.subplots()
        for place in range(6):
            chosen = look(place)
            axes.plot([0, 1], [place, 1], color=chosen.colour, ls=chosen.dash, marker=chosen.marker, label=str(place))
        axes.legend()
    return figure


def test_bytes_do_not_depend_on_the_moment(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        files = save_figure(drawn(), tmp_path / folder / "stsb.dev")
        assert [file.name for file in files] == ["stsb.dev.pdf", "stsb.dev.svg", "stsb.dev.png"]
    for file in (tmp_path / "first").iterdir():
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes()
    assert b"CreationDate" not in (tmp_path / "first" / "stsb.dev.pdf").read_bytes()
    assert "<dc:date>" not in (tmp_path / "first" / "stsb.dev.svg").read_text()


@pytest.mark.parametrize(("size", "width"), [({}, 3.4), ({"width": 7.0}, 7.0)])
def test_a_figure_is_one_column_wide_unless_another_width_is_given(
    tmp_path: Path, size: dict[str, float], width: float
) -> None:
    *_, png = save_figure(drawn(**size), tmp_path / "figure")
    assert imread(png).shape[:2] == (2.0 * 300, round(width * 300))


def test_the_style_ends_with_the_figure() -> None:
    before = dict(matplotlib.rcParams)
    with new_figure(1.0) as figure:
        assert matplotlib.rcParams["font.size"] == 8
        assert not figure.subplots().spines["top"].get_visible()
    assert dict(matplotlib.rcParams) == before


def test_a_fault_while_writing_leaves_the_older_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_figure(drawn(), tmp_path / "figure")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def half(_: Figure, path: Path, **__: object) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(Figure, "savefig", half)
    with pytest.raises(KeyboardInterrupt):
        save_figure(drawn(width=7.0), tmp_path / "figure")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_no_two_series_look_alike_in_black_and_white() -> None:
    plain = [(look(place).page_dash, look(place).page_marker) for place in range(12)]
    assert len(set(plain)) == 12
    assert len({look(place) for place in range(60)}) == 60


@pytest.mark.parametrize(("colours", "paper"), [(COLOURS, "#fdfdfb"), (DARK_COLOURS, "#14171b")])
def test_lines_have_a_contrast_of_three_to_the_page(colours: tuple[str, ...], paper: str) -> None:
    """WCAG 2.2, 1.4.11."""

    def luminance(colour: str) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in colours:
        high, low = sorted((luminance(colour), luminance(paper)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 3, colour


def test_neighbours_of_one_colour_have_an_open_and_a_filled_marker() -> None:
    for place in range(10):
        assert (look(place).face == "white") == (place % 2 == 1)
        assert look(place).face in ("white", look(place).colour)
        assert (look(place).colour, look(place).face) != (look(place + 5).colour, look(place + 5).face)
