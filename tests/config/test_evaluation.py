from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from sentcse.config.evaluation import LABEL_FREE, LAST, Evaluation, Select, TaskName


def test_a_step_is_selected_by_a_task_without_labels_or_not_at_all() -> None:
    assert set(get_args(Select)) == {*get_args(TaskName), *LABEL_FREE, LAST}
    usual = Evaluation()
    assert (usual.select, usual.dev, usual.merge) == ("stsb", ["stsb", "sickr"], False)  # as published
    assert Evaluation(dev=[], select="last").dev == []


@pytest.mark.parametrize("changes", [{"select": "loss"}, {"held_out": {"share": 0}}, {"held_out": {"at_most": 1}}])
def test_what_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Evaluation.model_validate(changes)
