"""Column headings of the geometry. A file of own pairs must not be called like one of them."""

from __future__ import annotations

GEOMETRY = {"alignment": "alignment", "uniformity": "uniformity", "anisotropy": "anisotropy", "rank": "effective_rank"}
"""Headings of the geometry, and their keys in `results.json`."""
