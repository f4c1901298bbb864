"""What the page has to show, made before it is shown: the corpus by each encoder, and the maps."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sentcse.clustering.clusters import FEWEST, ClusterSettings, as_rows, find_clusters
from sentcse.clustering.page import render_map_page
from sentcse.config.demo import DemoConfig
from sentcse.demo.models import Model, names_of
from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError
from sentcse.machine.device import choose_device
from sentcse.retrieval.reading import read_sentences

logger = logging.getLogger(__name__)


def read_corpus(config: DemoConfig) -> list[str]:
    """The sentences of the corpus.

    Raises:
        SentcseError: if there are none.
    """
    path = Path(config.corpus)
    return read_sentences(path, columns=config.columns, encoding=config.encoding).sentences


def open_models(config: DemoConfig, sentences: Sequence[str]) -> list[Model]:
    """Open the encoders and encode the corpus by each.

    Raises:
        SentcseError: if one cannot be had, or poolers are not as many as encoders.
    """
    given = [None] if config.pooler is None else config.pooler
    poolers = given * len(config.encoder) if len(given) == 1 else given
    if len(poolers) != len(config.encoder):
        raise ConfigError(f"pooler names {len(poolers)} and encoder {len(config.encoder)}: one for each, or one.")
    device = choose_device(config.device)
    encoders = [
        SentenceEncoder.from_pretrained(source, pooler=pooler).to(device)
        for source, pooler in zip(config.encoder, poolers, strict=True)
    ]
    names = names_of(config.encoder, [encoder.pooler for encoder in encoders])
    bar = config.progress and sys.stderr.isatty()
    models = []
    for name, encoder in zip(names, encoders, strict=True):
        logger.info("Encoding %s sentences by %s", f"{len(sentences):,}", name)
        models.append(Model(name, encoder, sentences, batch_size=config.batch_size, progress=bar))
    return models


def draw_map(config: DemoConfig, model: Model, sentences: Sequence[str]) -> str | None:
    """The map of the corpus, or of a part of it that is drawn by chance, as a page; None if there is none."""
    if config.map == "none" or len(sentences) < FEWEST:
        return None
    logger.info("Drawing the map by %s", model.name)
    drawn = np.random.default_rng(config.seed).permutation(len(sentences))[: config.map_sentences]
    rows = np.sort(drawn)
    part = [sentences[row] for row in rows.tolist()]
    settings = ClusterSettings(number=config.clusters, projection=config.map, seed=config.seed)
    found = find_clusters(model.unit[rows], part, settings)
    whole = "" if len(part) == len(sentences) else f", {len(part):,} of {len(sentences):,}"
    title = f"Clusters by {model.name}{whole}"
    return render_map_page(found, as_rows(found, part, None), part, title=title)
