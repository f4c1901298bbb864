"""The published evaluation tasks: the one list of their names, headings, parts and terms that everything reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Suite = Literal["sts", "transfer"]
"""sts: pairs of sentences with a similarity, Spearman x 100. transfer: classification, accuracy in per cent."""


@dataclass(frozen=True)
class PublishedTask:
    """A task whose files lie in SentEval's layout.

    Attributes:
        name: key on the command line and in results.
        label: column heading.
        suite: what kind of task it is.
        parts: that can be scored, of "test" and "dev".
        folder: of its files below `senteval/`.
        terms: under which they may be used, and by whom they are.
        averaged: whether it belongs to the group of its suite, whose mean is published, and is fetched with all others.
    """

    name: str
    label: str
    suite: Suite
    parts: tuple[str, ...]
    folder: str
    terms: str
    averaged: bool = True


_SEMEVAL = "SemEval {year} task {task}, research use; see the STS wiki, ixa2.si.ehu.eus/stswiki"
_SEMEVAL_2013 = "*SEM 2013 shared task, research use, without SMT; see the STS wiki"
_SEMEVAL_2016 = _SEMEVAL.format(year=2016, task=1) + "; questions and answers CC BY-SA 3.0"
_STSB = "Cer et al. 2017; see LICENSE.txt in its archive on the STS wiki"
_SICK = "Marelli et al. 2014, CC BY-NC-SA 3.0; zenodo.org/records/2787612"
_MOVIES = "Pang and Lee {year}, research use; www.cs.cornell.edu/people/pabo/movie-review-data"
_CR = "Hu and Liu 2004, research use; www.cs.uic.edu/~liub/FBS/sentiment-analysis.html"
_MPQA = "Wiebe et al. 2005, research use; mpqa.cs.pitt.edu"
_SST = "Socher et al. 2013, research use; nlp.stanford.edu/sentiment"
_TREC = "Li and Roth 2002, research use; cogcomp.seas.upenn.edu/Data/QA/QC"
_MRPC = "Microsoft Research Paraphrase Corpus, Dolan et al. 2004, Microsoft's terms"
_TEST, _BOTH = ("test",), ("dev", "test")
_DEEPL = "translated by DeepL, Philip May 2021; scores CC BY-SA 4.0; github.com/PhilipMay/stsb-multi-mt"
TRANSLATIONS = "STS/stsb-multi-mt/"
"""Folder of STS-B in other languages, and of its English text as people wrote it."""
LANGUAGES = ("de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "zh")

TASKS = {
    task.name: task
    for task in (
        PublishedTask("sts12", "STS12", "sts", _TEST, "STS/STS12-en-test/", _SEMEVAL.format(year=2012, task=6)),
        PublishedTask("sts13", "STS13", "sts", _TEST, "STS/STS13-en-test/", _SEMEVAL_2013),
        PublishedTask("sts14", "STS14", "sts", _TEST, "STS/STS14-en-test/", _SEMEVAL.format(year=2014, task=10)),
        PublishedTask("sts15", "STS15", "sts", _TEST, "STS/STS15-en-test/", _SEMEVAL.format(year=2015, task=2)),
        PublishedTask("sts16", "STS16", "sts", _TEST, "STS/STS16-en-test/", _SEMEVAL_2016),
        PublishedTask("stsb", "STS-B", "sts", _BOTH, "STS/STSBenchmark/", _STSB),
        PublishedTask("sickr", "SICK-R", "sts", _BOTH, "SICK/", _SICK),
        # MTEB's SICK-R: all three parts of the files, 9927 pairs; it stands in the place of sickr
        PublishedTask("sickr_full", "SICK-R", "sts", _TEST, "SICK/", _SICK, averaged=False),
        *(
            PublishedTask(f"stsb_{code}", f"STS-B {code}", "sts", _BOTH, f"{TRANSLATIONS}stsb-{code}-", _DEEPL, False)
            for code in LANGUAGES
        ),
        PublishedTask("mr", "MR", "transfer", _BOTH, "MR/", _MOVIES.format(year=2005)),
        PublishedTask("cr", "CR", "transfer", _BOTH, "CR/", _CR),
        PublishedTask("subj", "SUBJ", "transfer", _BOTH, "SUBJ/", _MOVIES.format(year=2004)),
        PublishedTask("mpqa", "MPQA", "transfer", _BOTH, "MPQA/", _MPQA),
        PublishedTask("sst2", "SST2", "transfer", _BOTH, "SST/binary/", _SST),
        PublishedTask("trec", "TREC", "transfer", _BOTH, "TREC/", _TREC),
        PublishedTask("mrpc", "MRPC", "transfer", _BOTH, "MRPC/", _MRPC),
    )
}
"""By name, in the order of the published tables."""


def _members(suite: Suite) -> tuple[str, ...]:
    return tuple(task.name for task in TASKS.values() if task.suite == suite and task.averaged)


STS_TASKS = _members("sts")
TRANSFER_TASKS = _members("transfer")
GROUPS = {
    "sts": STS_TASKS,
    "transfer": TRANSFER_TASKS,
    "full": (*STS_TASKS, *TRANSFER_TASKS),
    "stsb_multi_mt": tuple(f"stsb_{code}" for code in LANGUAGES),
}
"""What the name of a group stands for."""
SUITE_COLUMNS: dict[str, tuple[str, ...]] = {
    "sts": tuple(TASKS[name].label for name in STS_TASKS),
    "transfer": tuple(TASKS[name].label for name in TRANSFER_TASKS),
}
"""The column headings that the average of each suite is taken over."""
AVERAGE_COLUMN = "avg"
"""The heading of a suite's mean."""


def task_of(path: str) -> PublishedTask:
    """The task that a file below `senteval/` belongs to.

    Raises:
        ValueError: if it belongs to none.
    """
    for task in TASKS.values():
        if path.startswith(task.folder):
            return task
    raise ValueError(f"path must lie in the folder of a task, got {path!r}")


def download_command(paths: Iterable[str]) -> str:
    """The command that fetches files below `senteval/`; it names the tasks of those that are not fetched unasked."""
    wanted = set(paths)
    group = GROUPS["stsb_multi_mt"]
    named = [name for name in group if any(path.startswith(TASKS[name].folder) for path in wanted)]
    tasks = ["stsb_multi_mt"] if len(named) == len(group) else named
    command = "python -m sentcse.data download"
    if len(tasks) == 0:
        return command
    return f"{command} tasks={tasks[0]}" if len(tasks) == 1 else f"{command} 'tasks=[{','.join(tasks)}]'"


def hint_at_list(key: str, name: str) -> str:
    """What to write where several names came as one, else nothing."""
    return f" A list is written {key}=[{name}]." if "," in name else ""


def label_of(name: str) -> str:
    """A task's column heading; that of own pairs is their name."""
    return TASKS[name].label if name in TASKS else name
