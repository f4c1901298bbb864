"""The page itself, in gradio: a tab for search, for cosines of pasted sentences, for the maps."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from sentcse.demo.answers import FILES, LONGEST, MOST, SHADES, Answers, note

if TYPE_CHECKING:
    from gradio import Blocks
    from gradio.themes import Base

TITLE = "sentcse: try an encoder"
WAITING = 64
"""Questions that wait at a time; who asks more is told to try again."""
SESSIONS = 64
"""Pages in browsers of which gradio keeps something, some 50 KB each; an older one goes on all the same."""
EXAMPLES = 5
"""Sentences of the corpus that are compared before anything was pasted."""


def build_page(answers: Answers, names: Sequence[str], sentences: Sequence[str], maps: Sequence[str | None]) -> Blocks:
    """The page; questions are answered one after another, and nothing is sent anywhere.

    Args:
        answers: what answers.
        names: of the models.
        sentences: of the corpus.
        maps: address of the map of each model, None where there is none.
    """
    import gradio as gr

    page: Blocks = gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True)
    with page:
        _html(_heading(len(sentences), names))
        with gr.Tab("Search"):
            question = gr.Textbox(label="Search the sentences", max_length=LONGEST, elem_id="question")
            _answering(question, answers.search, "", "search")
        with gr.Tab("Compare"):
            compared = "\n".join(" ".join(each.split())[:LONGEST] for each in sentences[:EXAMPLES])
            pasted = gr.Textbox(
                compared,
                label=f"Sentences, one a line, at most {MOST}",
                lines=6,
                max_lines=MOST,
                max_length=MOST * (LONGEST + 1),
                elem_id="pasted",
            )
            _answering(pasted, answers.compare, compared, "compare")
        with gr.Tab("Map"):
            for name, address in zip(names, maps, strict=True):
                _html(_map(name, address))
    page.state_session_capacity = SESSIONS
    # gradio counts the last 10,000 questions, and sums them up after each, for a view which is not shown
    os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")
    page.queue(max_size=WAITING, api_open=False)  # none goes past the queue
    return page


def appearance() -> dict[str, Any]:
    """How the page looks, for `gradio.mount_gradio_app`: letters and colours that every machine has."""
    css = (FILES / "page.css").read_text(encoding="utf-8") + _shades()
    return {"theme": _theme(), "css": css, "footer_links": [], "run_history": False}


def _answering(asked: Any, answer: Callable[[str], str], at_first: str, name: str) -> None:
    """A place for answers below a field, which follows what is typed there: of what waits, the newest alone."""
    shown = _html(answer(at_first), elem_id=f"{name}-answers")
    asked.change(
        answer,
        asked,
        shown,
        trigger_mode="always_last",
        show_progress="hidden",
        concurrency_limit=1,
        concurrency_id="encoder",
        api_name=name,
    )


def _html(html: str, **settings: Any) -> Any:
    import gradio as gr

    return gr.HTML(html, js_on_load=None, apply_default_css=False, **settings)


def _heading(sentences: int, names: Sequence[str]) -> str:
    return f"<h1>{escape(TITLE)}</h1><p>{sentences:,} sentences; {escape(' and '.join(names))}.</p>"


def _map(name: str, address: str | None) -> str:
    if address is None:
        return note(f"There is no map of {name}: map=none, or fewer than four sentences.")
    return f'<iframe class="map" src="{address}" title="Map by {escape(name)}" loading="lazy"></iframe>'


def _shades() -> str:
    """From white to a dark blue in even steps, with letters of a contrast of 4.5 or more on each."""
    rules = []
    for step in range(SHADES + 1):
        share = step / SHADES
        red, green, blue = (round(light + (dark - light) * share) for light, dark in ((247, 8), (251, 48), (255, 107)))
        ink = "#ffffff" if share > 0.62 else "#111111"
        rules.append(f".heat td.shade-{step} {{ background: rgb({red} {green} {blue}); color: {ink}; }}")
    return "\n".join(rules)


def _theme() -> Base:
    import gradio as gr

    # a font that is named by itself is asked of no server
    return gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
