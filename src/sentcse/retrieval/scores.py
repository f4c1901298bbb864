"""How well relevant sentences are found: nDCG@10, MRR@10 and recall, by torchmetrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from sentcse.encoder import SentenceEncoder
from sentcse.errors import DataError
from sentcse.retrieval.index import Index

DEPTH = 100
"""Hits of a query that are looked at."""


def score_index(
    index: Index,
    encoder: SentenceEncoder,
    queries: Mapping[str, str],
    grades: Mapping[str, Mapping[str, int]],
    *,
    batch_size: int = 64,
) -> dict[str, float]:
    """`retrieval_scores` of the queries that have something relevant, and their number.

    Args:
        index: what is searched, as it is: exactly, or by its faiss index.
        encoder: the one that the index was built with.
        queries: sentences by id; those without grades are left out.
        grades: by id of a query and id of a sentence of the index.
        batch_size: queries encoded together.

    Raises:
        DataError: if grades name a query or a sentence that is not there, or nothing is relevant.
        SentcseError: if the encoder is another than the index was built with.
    """
    known = {document.id for document in index.documents}
    for query, each in grades.items():
        if query not in queries:
            raise DataError(f"Relevance is given for the query {query!r}, which is not among the queries.")
        for name in each:
            if name not in known:
                raise DataError(f"The query {query!r} has the relevant id {name!r}, which the index does not hold.")
    asked = [query for query, each in grades.items() if any(grade > 0 for grade in each.values())]
    if len(asked) == 0:
        raise DataError("Nothing is relevant to any query: every score is 0 or less.")
    found = index.search(encoder, [queries[query] for query in asked], top_k=DEPTH, batch_size=batch_size)
    scores = retrieval_scores([[hit.id for hit in hits] for hits in found], [grades[query] for query in asked])
    return {**scores, "queries": len(asked)}


def retrieval_scores(ranked: Sequence[Sequence[str]], relevant: Sequence[Mapping[str, int]]) -> dict[str, float]:
    """Means over queries, from 0 to 1.

    nDCG has the grades as linear gains, as trec_eval and MTEB have them; MRR and recall take any grade above 0 for
    relevant.

    Args:
        ranked: for each query the ids that were found, best first: `DEPTH` of them, or all that there are.
        relevant: for each query the grades of ids, at least one above 0.

    Raises:
        ValueError: if a query has nothing relevant, or there are no queries.
    """
    from torchmetrics.retrieval import RetrievalMRR, RetrievalNormalizedDCG, RetrievalRecall

    if len(ranked) == 0 or len(ranked) != len(relevant):
        raise ValueError(f"ranked and relevant must be of one length above 0, got {len(ranked)} and {len(relevant)}")
    metrics = {"ndcg@10": RetrievalNormalizedDCG(top_k=10), "mrr@10": RetrievalMRR(top_k=10)}
    metrics |= {f"recall@{k}": RetrievalRecall(top_k=k) for k in (1, 10, DEPTH)}
    grades = [_grades(*each) for each in zip(ranked, relevant, strict=True)]
    query = torch.tensor([number for number, each in enumerate(grades) for _ in each])
    grade = torch.tensor([grade for each in grades for grade in each])
    # a hit's score is made of its place: torchmetrics averages ties, and takes what is not above 0 for not found
    score = torch.tensor([1 / (1 + place) for each in grades for place in range(len(each))])
    values = {}
    for name, metric in metrics.items():
        metric.update(score, grade if name.startswith("ndcg") else (grade > 0).long(), query)
        values[name] = float(metric.compute())
    return values


def _grades(ranked: Sequence[str], relevant: Mapping[str, int]) -> list[int]:
    """Grades in the order of the hits; what is relevant and was not found comes behind all places that count."""
    if not any(grade > 0 for grade in relevant.values()):
        raise ValueError("every query must have something relevant")
    found = [max(0, relevant.get(name, 0)) for name in ranked[:DEPTH]]
    missed = [grade for name, grade in relevant.items() if grade > 0 and name not in set(ranked[:DEPTH])]
    return [*found, *[0] * (DEPTH - len(found)), *missed]
