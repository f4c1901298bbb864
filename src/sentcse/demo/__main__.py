"""Command: a page to try encoders on.

python -m sentcse.demo encoder=runs/NAME corpus=sentences.txt
python -m sentcse.demo 'encoder=[runs/A,runs/B]' corpus=sentences.txt
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sentcse.command.plain import run_plain_command
from sentcse.config.demo import DemoConfig


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_plain_command(demo_job, "demo", DemoConfig, arguments)


def demo_job(config: DemoConfig) -> None:
    """Take the address, read, encode, draw, then answer until Ctrl+C.

    Raises:
        SentcseError: if the page cannot be shown, or the sentences or an encoder cannot be had.
    """
    from sentcse.demo.serve import application, listen, require_gradio, serve

    require_gradio()
    listening = listen(config.host, config.port)
    with listening:
        from sentcse.demo.answers import Answers
        from sentcse.demo.page import build_page
        from sentcse.demo.prepare import draw_map, open_models, read_corpus

        sentences = read_corpus(config)
        models = open_models(config, sentences)
        maps = [draw_map(config, model, sentences) for model in models]
        addresses = [None if drawn is None else f"/map/{number}" for number, drawn in enumerate(maps)]
        answers = Answers(models, sentences, top_k=config.top_k)
        page = build_page(answers, [model.name for model in models], sentences, addresses)
        serve(application(page, maps, host=config.host), listening)


if __name__ == "__main__":
    sys.exit(main())
