"""What a sweep's record adds to a report: jobs without a folder, reasons, how often it was started."""

from __future__ import annotations

from pathlib import Path

from made_runs import Made, configuration, make_run, make_unfinished

from sentcse.records.outcomes import JobOutcome, Outcomes
from sentcse.records.run_folder import RunFolder
from sentcse.records.sweep_record import Job, write_sweep
from sentcse.studies.collect import collect


def job(root: Path, number: int, made: Made, *, fault: str | None = None) -> Job:
    config = None if fault is not None else configuration(root, made)
    folder = None if config is None else RunFolder(config)
    return Job(number, (f"seed={made.seed}",), {"seed": str(made.seed)}, config, folder, fault)


def test_a_sweep_tells_what_folders_cannot(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    done, failed, waiting, refused = Made(seed=48), Made(seed=49), Made(seed=50), Made(seed=51)
    make_run(runs, done)
    stopped = make_unfinished(runs, failed)
    sweep = runs / "sweeps" / "mine"
    jobs = [
        job(runs, 1, done),
        job(runs, 2, failed),
        job(runs, 3, waiting),
        job(runs, 4, refused, fault="No such key."),
    ]
    first = write_sweep(sweep, jobs, command="train -m seed=48,49 'data.path=/home/me/data/wiki/lines.txt'")
    (started,) = {entry["started"][:16].replace("T", " ") for entry in first.commands}
    write_sweep(sweep, jobs, command="train -m seed=48,49 'data.path=/home/me/data/wiki/lines.txt'")
    write_sweep(sweep, jobs, command="train -m 'evaluation.test=[stsb,sickr]'")
    Outcomes(sweep).write(stopped.name, JobOutcome("failed", "The disk is full.", 1.0))

    for source in (runs, sweep, sweep / "sweep.json"):
        study = collect([source])
        (open_run,) = study.parts[0].not_done()
        assert (open_run.record.status, open_run.record.reason) == ("failed", "The disk is full.")
        told, given, other, *rest = study.notes
        assert told == "Sweep mine: 4 jobs, started 3 times."
        assert given.startswith(f"Sweep mine was started on {started} and ")
        assert given.endswith(" (UTC) by: train -m seed=48,49 data.path=.../wiki/lines.txt")
        assert other.endswith(" (UTC) by: train -m 'evaluation.test=[stsb,sickr]'")
        assert rest == [
            "Sweep mine: seed=51 could not start: No such key.",
            "Sweep mine: 1 job not begun.",
        ]


def test_runs_without_a_sweep_have_no_notes(tmp_path: Path) -> None:
    make_run(tmp_path, Made())
    assert collect([tmp_path]).notes == ()
