"""Which files evaluation tasks have, under which terms, and from where else single files can be had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sentcse.config.tasks import GROUPS, TASKS, TRANSLATIONS, hint_at_list, task_of
from sentcse.data.fetching.manifest import Manifest, load_manifest
from sentcse.errors import ConfigError


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


GITHUB = "https://raw.githubusercontent.com"
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
    Mirror(f"{GITHUB}/PrincetonML/SIF/master/data", ("SST/binary/",), flat=True),
    *(
        Mirror(f"{GITHUB}/FreedomIntelligence/qnn/{commit}/data", _QNN)
        for commit in ("b47a07f232fee6b71a38efaa50a3f467a2cc7885", "a45c6ae2535d12a191858907ead860eefd499f16")
    ),
    Mirror(f"{GITHUB}/amao0o0/SynWMD/4ad176952dd17f66c96a206d9fdbb6ff52658380/data/downstream", ("STS/STSBenchmark/",)),
    Mirror(
        f"{GITHUB}/yan-soares/research_embeddings_fine_tuning/607d7023abf709562d90ea987eaf6005625a82f7/data/downstream",
        ("SICK/SICK_train", "SICK/SICK_test"),
    ),
    Mirror(
        f"{GITHUB}/PhilipMay/stsb-multi-mt/30de0dec4ee199b7f42351d3f1a0b19592955385/data", (TRANSLATIONS,), flat=True
    ),
)
"""SentEval itself takes MRPC and SST from the first two, and the last is where the translations were published. The
others are copies in public repositories, found equal in length; the hash tells that they are equal whenever one is
fetched. The STS inputs that are not listed were tokenised there by another version of Moses; raw STS and SICK files are
no substitute either, as SentEval tokenised them."""


def files_of(tasks: Sequence[str], manifest: Manifest | None = None) -> tuple[str, ...]:
    """List the files of tasks, every split of them, in the order of the published tables.

    Args:
        tasks: groups and members of them, see `sentcse.config.tasks`.
        manifest: where the files are listed; None for the published ones.

    Raises:
        ConfigError: if there is no such task.
    """
    known = load_manifest() if manifest is None else manifest
    named: set[str] = set()
    for task in tasks:
        if task not in GROUPS and task not in TASKS:
            known_names = ", ".join((*GROUPS, *TASKS))
            hint = hint_at_list("tasks", task)
            raise ConfigError(f"tasks: there is no task {task!r}; there are {known_names}.{hint}")
        named |= set(GROUPS.get(task, (task,)))
    folders = dict.fromkeys(task.folder for name, task in TASKS.items() if name in named)
    return tuple(path for folder in folders for path in known if path.startswith(folder))


def terms_of(paths: Iterable[str]) -> list[str]:
    """A line for each task that files below `senteval/` belong to: its label and the terms of its data."""
    return [f"{task.label}: {task.terms}" for task in dict.fromkeys(task_of(path) for path in paths)]


def addresses(path: str, mirrors: Sequence[Mirror] = MIRRORS) -> tuple[str, ...]:
    """Where a single file can be had beside the archive."""
    return tuple(
        f"{mirror.base}/{path.rpartition('/')[2] if mirror.flat else path}"
        for mirror in mirrors
        if path.startswith(mirror.folders)
    )
