"""Where the evaluation data come from, under which terms, and from where else single files can be had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sentcse.data.fetching.manifest import Manifest, load_manifest
from sentcse.errors import ConfigError

STS_SETS = ("sts12", "sts13", "sts14", "sts15", "sts16", "stsb", "sickr")
TRANSFER_SETS = ("mr", "cr", "subj", "mpqa", "sst2", "trec", "mrpc")
GROUPS = {"sts": STS_SETS, "transfer": TRANSFER_SETS, "full": (*STS_SETS, *TRANSFER_SETS)}


@dataclass(frozen=True)
class DataSet:
    """A published data set in SentEval's layout.

    Attributes:
        label: column heading of its task.
        folder: below `senteval/`.
        terms: under which it may be used, and by whom it is.
    """

    label: str
    folder: str
    terms: str


_SEMEVAL = "SemEval {year} task {task}, research use; see the STS wiki, ixa2.si.ehu.eus/stswiki"
_MOVIES = "Pang and Lee {year}, research use; www.cs.cornell.edu/people/pabo/movie-review-data"

DATA_SETS = {
    "sts12": DataSet("STS12", "STS/STS12-en-test/", _SEMEVAL.format(year=2012, task=6)),
    "sts13": DataSet(
        "STS13", "STS/STS13-en-test/", "*SEM 2013 shared task, research use, without SMT; see the STS wiki"
    ),
    "sts14": DataSet("STS14", "STS/STS14-en-test/", _SEMEVAL.format(year=2014, task=10)),
    "sts15": DataSet("STS15", "STS/STS15-en-test/", _SEMEVAL.format(year=2015, task=2)),
    "sts16": DataSet(
        "STS16", "STS/STS16-en-test/", _SEMEVAL.format(year=2016, task=1) + "; questions and answers CC BY-SA 3.0"
    ),
    "stsb": DataSet("STS-B", "STS/STSBenchmark/", "Cer et al. 2017; see LICENSE.txt in its archive on the STS wiki"),
    "sickr": DataSet("SICK-R", "SICK/", "Marelli et al. 2014, CC BY-NC-SA 3.0; zenodo.org/records/2787612"),
    "mr": DataSet("MR", "MR/", _MOVIES.format(year=2005)),
    "cr": DataSet("CR", "CR/", "Hu and Liu 2004, research use; www.cs.uic.edu/~liub/FBS/sentiment-analysis.html"),
    "subj": DataSet("SUBJ", "SUBJ/", _MOVIES.format(year=2004)),
    "mpqa": DataSet("MPQA", "MPQA/", "Wiebe et al. 2005, research use; mpqa.cs.pitt.edu"),
    "sst2": DataSet("SST2", "SST/binary/", "Socher et al. 2013, research use; nlp.stanford.edu/sentiment"),
    "trec": DataSet("TREC", "TREC/", "Li and Roth 2002, research use; cogcomp.seas.upenn.edu/Data/QA/QC"),
    "mrpc": DataSet("MRPC", "MRPC/", "Microsoft Research Paraphrase Corpus, Dolan et al. 2004, Microsoft's terms"),
}
"""By task name, in the order of the published tables."""


@dataclass(frozen=True)
class Mirror:
    """A place on the web that has single files in the published bytes.

    Attributes:
        base: address, to which `name` of a file is added.
        folders: beginnings of the paths that it has.
        flat: its files lie beside each other, without SentEval's folders.
    """

    base: str
    folders: tuple[str, ...]
    flat: bool = False


_GITHUB = "https://raw.githubusercontent.com"
_QNN = (
    *("MR/", "CR/", "SUBJ/", "MPQA/", "TREC/"),
    *(f"STS/STS{year}-en-test/STS.gs." for year in range(12, 17)),
    "STS/STS12-en-test/STS.input.MSRvid",
    "STS/STS12-en-test/STS.input.surprise",
    "STS/STS13-en-test/STS.input.FNWN",
    "STS/STS13-en-test/STS.input.OnWN",
    "STS/STS14-en-test/STS.input.OnWN",
    "STS/STS14-en-test/STS.input.deft-news",
    "STS/STS15-en-test/STS.input.answers-students",
    "STS/STS16-en-test/STS.input.plagiarism",
)
MIRRORS = (
    Mirror("https://dl.fbaipublicfiles.com/senteval/senteval_data", ("MRPC/",), flat=True),
    Mirror(f"{_GITHUB}/PrincetonML/SIF/master/data", ("SST/binary/",), flat=True),
    *(
        Mirror(f"{_GITHUB}/FreedomIntelligence/qnn/{commit}/data", _QNN)
        for commit in ("b47a07f232fee6b71a38efaa50a3f467a2cc7885", "a45c6ae2535d12a191858907ead860eefd499f16")
    ),
    Mirror(
        f"{_GITHUB}/amao0o0/SynWMD/4ad176952dd17f66c96a206d9fdbb6ff52658380/data/downstream", ("STS/STSBenchmark/",)
    ),
    Mirror(
        f"{_GITHUB}/yan-soares/research_embeddings_fine_tuning/607d7023abf709562d90ea987eaf6005625a82f7/data/downstream",
        ("SICK/SICK_train", "SICK/SICK_test"),
    ),
)
"""SentEval itself takes MRPC and SST from the first two. The others are copies in public repositories, found equal in
length; the hash tells that they are equal whenever one is fetched. The STS inputs that are not listed were tokenised
there by another version of Moses; raw STS and SICK files are no substitute either, as SentEval tokenised them."""


def files_of(tasks: Sequence[str], manifest: Manifest | None = None) -> tuple[str, ...]:
    """List the files of tasks, every split of them, in the order of the published tables.

    Args:
        tasks: keys of `DATA_SETS` and of `GROUPS`.
        manifest: where the files are listed; None for the published ones.

    Raises:
        ConfigError: if there is no such task.
    """
    known = load_manifest() if manifest is None else manifest
    named: set[str] = set()
    for task in tasks:
        if task not in GROUPS and task not in DATA_SETS:
            raise ConfigError(f"tasks: there is no task {task!r}; there are {', '.join((*GROUPS, *DATA_SETS))}.")
        named |= set(GROUPS.get(task, (task,)))
    folders = [data_set.folder for name, data_set in DATA_SETS.items() if name in named]
    return tuple(path for folder in folders for path in known if path.startswith(folder))


def data_set_of(path: str) -> DataSet:
    """The data set that a file below `senteval/` belongs to.

    Raises:
        ValueError: if it belongs to none.
    """
    for data_set in DATA_SETS.values():
        if path.startswith(data_set.folder):
            return data_set
    raise ValueError(f"path must lie in the folder of a data set, got {path!r}")


def terms_of(paths: Iterable[str]) -> list[str]:
    """A line for each data set that files below `senteval/` belong to: its label and its terms."""
    return [f"{data_set.label}: {data_set.terms}" for data_set in dict.fromkeys(data_set_of(path) for path in paths)]


def addresses(path: str, mirrors: Sequence[Mirror] = MIRRORS) -> tuple[str, ...]:
    """Where a single file can be had beside the archive."""
    return tuple(
        f"{mirror.base}/{path.rpartition('/')[2] if mirror.flat else path}"
        for mirror in mirrors
        if path.startswith(mirror.folders)
    )


STS_TASKS = ("sts12", "sts13", "sts14", "sts15", "sts16", "stsb", "sickr")
"""The seven whose mean is the published average, in the order of the published tables."""


LABELS = {
    "sts12": "STS12",
    "sts13": "STS13",
    "sts14": "STS14",
    "sts15": "STS15",
    "sts16": "STS16",
    "stsb": "STS-B",
    "sickr": "SICK-R",
    "sickr_full": "SICK-R",
}
"""Every task with its column heading. `sickr_full` is MTEB's SICK-R: all three splits, 9927 pairs."""


TRANSFER_LABELS = {
    "mr": "MR",
    "cr": "CR",
    "subj": "SUBJ",
    "mpqa": "MPQA",
    "sst2": "SST2",
    "trec": "TREC",
    "mrpc": "MRPC",
}
"""Every transfer task with its column heading, in the order of the published tables."""


TRANSFER_TASKS = tuple(TRANSFER_LABELS)
