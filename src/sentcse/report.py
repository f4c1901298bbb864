"""Command: tables, figures and a page from the runs of a study.

python -m sentcse.report runs output=report
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence

from sentcse.command.plain import run_plain_command
from sentcse.config.commands import ReportConfig
from sentcse.errors import SentcseError


def main() -> None:
    """Run the command and exit with its code."""
    sys.exit(run_report(sys.argv[1:]))


def run_report(words: Sequence[str]) -> int:
    """Words without `=` are the sources; returns the exit code."""
    sources = [word for word in words if "=" not in word and not word.startswith("-")]
    settings = [word for word in words if word not in sources]
    # quoted, as a path may hold what a list is divided by
    named = [f"sources={json.dumps(sources, ensure_ascii=False)}"] if sources else []
    return run_plain_command(report_job, "report", ReportConfig, [*named, *settings])


def report_job(config: ReportConfig) -> None:
    """Read the runs, write the report, print what it tells."""
    from pathlib import Path

    from sentcse.printing.html import require
    from sentcse.printing.wording import printable
    from sentcse.studies.collect import collect, find_source
    from sentcse.studies.study_run import setting_text, shortened
    from sentcse.studies.write import PAGE_FILE, SUMMARY_FILE, write_report

    if config.page:
        require("plotly", "jinja2", otherwise="set page=false")
    study = collect([find_source(source) for source in config.sources], apart=config.budgets == "apart")
    if len(study.parts) == 0:
        nothing = f"{' '.join(config.sources)} has no run with a scored task, and so nothing to report."
        raise SentcseError(" ".join([nothing, *study.notes]))
    study = study.compared_with(config.reference)
    output = Path(config.output)
    words = [*map(shortened, config.sources), f"output={shortened(config.output)}"]
    given = config.model_dump(exclude={"sources", "output"}, exclude_defaults=True)
    words += [f"{key}={setting_text(value)}" for key, value in given.items()]
    command = " ".join(["python -m sentcse.report", *map(shlex.quote, words)])
    written = write_report(study, output, title=config.title, panels=config.panels, page=config.page, command=command)
    for report in written.reports:
        print(f"{report.part.label}: {sum(run.done for run in report.part.runs)} of {len(report.part.runs)} runs done")
        for sentence in (*report.gaps, *report.findings):
            print(printable(f"  {sentence}"))
    for note in study.notes:
        print(printable(note))
    print(f"{len(written.files)} files in {output}: {PAGE_FILE if config.page else SUMMARY_FILE} to begin with")


if __name__ == "__main__":
    main()
