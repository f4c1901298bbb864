"""Tasks for mteb whose data are made here."""

from __future__ import annotations

from datasets import Dataset, DatasetDict
from mteb.abstasks import AbsTaskClustering, AbsTaskRetrieval, AbsTaskSTS
from mteb.abstasks.task_metadata import TaskMetadata

TOPICS = ("cats", "rain", "trains")


def metadata(name: str, kind: str, metric: str) -> TaskMetadata:
    return TaskMetadata(
        name=name,
        type=kind,
        main_score=metric,
        description="A task of this test.",
        reference="https://example.org",
        dataset={"path": "local/none", "revision": "1"},
        category="t2t",
        eval_splits=["test"],
        eval_langs=["eng-Latn"],
        date=("2020-01-01", "2020-01-02"),
        dialect=[],
        domains=[],
        task_subtypes=[],
        license="apache-2.0",
        annotations_creators="derived",
        modalities=["text"],
        sample_creation="created",
        bibtex_citation="",
    )


class LocalSts(AbsTaskSTS):
    metadata = metadata("LocalSts", "STS", "cosine_spearman")
    min_score, max_score = 0, 5
    pairs: tuple[list[str], list[str], list[float]] = ([], [], [])

    def load_data(self, **_: object) -> None:
        first, second, gold = self.pairs
        columns = {"sentence1": first, "sentence2": second, "score": gold}
        self.dataset = DatasetDict({"test": Dataset.from_dict(columns)})
        self.data_loaded = True


class LocalClustering(AbsTaskClustering):
    metadata = metadata("LocalClustering", "Clustering", "v_measure")
    max_document_to_embed, max_fraction_of_documents_to_embed, max_documents_per_cluster, n_clusters = 30, None, 12, 3

    def load_data(self, **_: object) -> None:
        texts = [f"{topic} {number}" for number in range(10) for topic in TOPICS]
        labels = [label for _ in range(10) for label in range(3)]
        self.dataset = DatasetDict({"test": Dataset.from_dict({"sentences": texts, "labels": labels})})
        self.data_loaded = True


class LocalRetrieval(AbsTaskRetrieval):
    metadata = metadata("LocalRetrieval", "Retrieval", "ndcg_at_10")

    def load_data(self, **_: object) -> None:
        queries = Dataset.from_list([{"id": "q", "text": "cats ?"}])
        corpus = Dataset.from_list(
            [{"id": topic, "title": topic, "text": "is what this is of"} for topic in ("rain", "cats", "trains")]
        )
        self.dataset = {
            "default": {
                "test": {"queries": queries, "corpus": corpus, "relevant_docs": {"q": {"rain": 1}}, "top_ranked": None}
            }
        }
        self.data_loaded = True


class Broken(LocalSts):
    metadata = metadata("Broken", "STS", "cosine_spearman")

    def load_data(self, **_: object) -> None:
        raise ConnectionError("Couldn't reach 'local/none' on the Hub (OfflineModeIsEnabled)\nmore")
