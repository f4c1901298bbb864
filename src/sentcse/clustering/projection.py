"""Vectors in two dimensions, for a map."""

from __future__ import annotations

import logging
import warnings
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from sentcse.clustering.partition import Unit
from sentcse.errors import SentcseError

logger = logging.getLogger(__name__)

Projection = Literal["auto", "umap", "pca"]
NEIGHBOURS = 15
"""UMAP's own default."""


def project(unit: Unit, method: Projection, *, seed: int) -> Float[np.ndarray, "sentences 2"]:
    """UMAP in the cosine metric (McInnes et al. 2018), or the first two principal components.

    Args:
        unit: vectors of unit length.
        method: auto takes UMAP where it is installed and there are more sentences than neighbours.
        seed: of UMAP's start.

    Raises:
        SentcseError: if UMAP is asked for and not installed.
    """
    umap = None if method == "pca" or (method == "auto" and len(unit) <= NEIGHBOURS) else _umap(method)
    if umap is None:
        from sklearn.decomposition import PCA

        with np.errstate(invalid="ignore"):  # of vectors that are all one, shares of a variance of 0
            placed = PCA(min(2, *unit.shape), random_state=seed).fit_transform(unit)
        return np.pad(placed, ((0, 0), (0, 2 - placed.shape[1]))).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that one thread is used, as the seed asks
        made = umap.UMAP(n_neighbors=min(NEIGHBOURS, len(unit) - 1), metric="cosine", random_state=seed)
        return np.asarray(made.fit_transform(unit), dtype=np.float32)


def _umap(method: Projection) -> Any:
    try:
        import umap
    except ImportError:
        if method == "umap":
            raise SentcseError("map=umap needs a package: pip install 'sentcse[map]'.") from None
        logger.info("The map shows principal components: pip install 'sentcse[map]' gives UMAP's.")
        return None
    return umap
