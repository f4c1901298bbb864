from __future__ import annotations

import json
import re

from clusters_of import directions

from sentcse.clustering.clusters import ClusterSettings, as_rows, find_clusters
from sentcse.clustering.page import render_map_page


def test_a_point_a_style_and_a_button_for_each() -> None:
    unit, _ = directions([8, 6, 4, 3, 2, 2])
    sentences = [f"sentence {row}" for row in range(25)]
    found = find_clusters(unit, sentences, ClusterSettings(number=6, projection="pca"))
    page = render_map_page(found, as_rows(found, sentences, None), sentences, title="Map")
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])  # type: ignore[index]
    assert [point[3] for point in data["points"]] == sentences
    assert [point[2] for point in data["points"]] == found.assigned.tolist()
    styles = [tuple(style.values()) for style in data["styles"]]
    assert len(set(styles)) == 6  # no two clusters look alike; the sixth has another shape
    assert styles[5] == (0, 1)
    assert page.count('<button type="button" data-rank=') == 6
    assert "25 sentences in 6 clusters" in page
