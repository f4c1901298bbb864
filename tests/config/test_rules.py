from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from composing import change, checked, faults
from tiny import tiny_tokenizer

from sentcse.config import check_config
from sentcse.errors import ConfigError


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"method__head": "none"}, "encoder.pooler=cls reads the first token through a head and method.head=none"),
        (
            {"method__head": "none", "encoder__pooler": "avg", "method__projection_at_eval": True},
            "method.projection_at_eval=true keeps the head at test time and method.head=none leaves none",
        ),
        (
            {"encoder__pooler": "cls_before_pooler", "method__projection_at_eval": True},
            "encoder.pooler=cls_before_pooler is the vector before the head",
        ),
        ({"method__head": "batchnorm", "data__batch_size": 1}, "method.head=batchnorm cannot normalise a batch of one"),
        ({"data__batch_size": 1}, "data.batch_size=1 leaves InfoNCE without negatives"),
        ({"encoder__lora": {"alpha": 32}}, "encoder.lora.rank=null leaves encoder.lora without effect: set a rank"),
        ({"data__path": None}, "data.path is required"),
        ({"data__dataset": "x"}, "data.path and data.dataset both name a corpus"),
        (
            {"data__low_shot": {"size": 500, "percent": 1.0}},
            "data.low_shot.size and data.low_shot.percent both say how large",
        ),
        ({"data__low_shot": {"official": True}}, "data.low_shot.official=true needs data.low_shot.percent"),
        (
            {"data__low_shot": {"size": 10}, "data__drop_last": True},
            "data.drop_last=true leaves no batch of a split of 10 sentences at data.batch_size=64",
        ),
        (
            {"trainer__accelerator": "cpu", "trainer__precision": "fp16"},
            "trainer.precision=fp16 needs a CUDA GPU and trainer.accelerator=cpu",
        ),
        (
            {"trainer__max_steps": 10, "optimizer__warmup_steps": 10},
            "optimizer.warmup_steps=10 does not end before trainer.max_steps=10",
        ),
        *(
            (
                {"trainer__strategy": "fsdp2", **change},
                f"trainer.strategy=fsdp2 leaves each device a part of every weight, and {named} needs whole ones",
            )
            for change, named in (
                ({"callbacks": {"ema": 0.5}}, "callbacks.ema=0.5"),
                ({"encoder__lora": {"rank": 2}}, "encoder.lora.rank=2"),
                ({"method__stay_near": "weights"}, "method.stay_near=weights"),
                ({"trainer__compile": True}, "trainer.compile=true"),
            )
        ),
        (
            {"trainer__strategy": "fsdp2", "trainer__precision": "fp16"},
            "trainer.strategy=fsdp2 scales no loss, which trainer.precision=fp16 needs: set bf16, or 32.",
        ),
        ({"evaluation__select": "pairs"}, "evaluation.select=pairs is not scored: add it to evaluation.dev (stsb, si"),
        (
            {"evaluation__dev": []},
            "evaluation.select=stsb is not scored: add it to evaluation.dev (empty; evaluation=none",
        ),
        (
            {"evaluation__select": "last", "callbacks": {"early_stopping": 2}},
            "callbacks.early_stopping=2 waits for a better score and evaluation.select=last compares none",
        ),
        (
            {"evaluation__select": "last", "evaluation__merge": True},
            "evaluation.merge=true looks for the best weights and evaluation.select=last compares none",
        ),
        (
            {"evaluation__test_curve": True, "evaluation__test": []},
            "evaluation.test_curve=true scores the tasks of evaluation.test while training, and it names none",
        ),
        (
            {"evaluation__merge": True, "method__projection_at_eval": True},
            "evaluation.merge=true takes weights between those before and after training, and the head that",
        ),
        (
            {"evaluation__select": "rtd_accuracy"},
            "evaluation.select=rtd_accuracy is that of DiffCSE's discriminator and method=simcse has none: select by a",
        ),
        ({"evaluation__dev": ["stsb", "pairs"]}, "evaluation.dev holds the task `pairs`, whose file is missing"),
        ({"evaluation__test": ["pairs"]}, "evaluation.test holds the task `pairs`, whose file is missing"),
        ({"evaluation__test": ["sts12", "sts13", "sts12"]}, "evaluation.test names sts12 more than once"),
        ({"evaluation__dev": ["stsb", "stsb"]}, "evaluation.dev names stsb more than once"),
        ({"evaluation__dev": ["stsb", "sts12", "sts16"]}, "evaluation.dev: sts12, sts16 have a test part only"),
    ],
)
def test_contradictions(changes: dict[str, Any], sentence: str) -> None:
    (line,) = faults(**changes)
    assert line.startswith(sentence)


def test_a_discriminators_score_selects_where_there_may_be_one() -> None:
    diffcse = checked("experiment=diffcse_bert", "evaluation.select=rtd_accuracy")
    assert diffcse.evaluation.holds_out
    own = {"_target_": "my.package.MyMethod"}
    assert check_config(change(evaluation__select="rtd_accuracy", method=own)).evaluation.holds_out
    with pytest.raises(ConfigError, match=r"evaluation.merge=true compares encoders and evaluation.select=rtd_acc"):
        checked("experiment=diffcse_bert", "evaluation.select=rtd_accuracy", "evaluation.merge=true")


def test_a_fault_inside_a_list_does_not_hide_contradictions() -> None:
    lines = faults(evaluation__test=["stsb", "sts99"], data__path=None, optimizer__betas=[0.9, -1])
    assert [line.split(" ")[0] for line in lines] == ["optimizer.betas.1", "evaluation.test.1", "data.path"]


def test_what_only_looks_like_a_contradiction_is_accepted() -> None:
    assert check_config(change(method__head="none", encoder__pooler="cls_before_pooler")).method.head == "none"
    assert check_config(change(evaluation__dev=[], evaluation__select="last")).evaluation.dev == []
    assert check_config(change(evaluation__dev=[], evaluation__select="info_nce"))
    assert check_config(change(data__low_shot={"size": 10})).data.low_shot.size == 10
    assert check_config(change(trainer__max_steps=10, optimizer__warmup_steps=9)).optimizer.warmup_steps == 9
    assert check_config(change(trainer__precision=32)).trainer.precision == "32"  # a number in YAML
    assert check_config(change(trainer__devices=[0, 1])).trainer.devices == [0, 1]
    assert check_config(change(data__path=None, data__dataset="x")).data.dataset == "x"


@pytest.mark.parametrize("file", ["tokenizer_config.json", "special_tokens_map.json"])
def test_masked_language_model_without_a_mask_token(tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_text(json.dumps({"cls_token": "[CLS]", "mask_token": None}))
    (line,) = faults(method__mlm_weight=0.1, encoder__name_or_path=str(tmp_path))
    assert line.startswith(f"method.mlm_weight=0.1 needs a mask token and the tokenizer of {tmp_path} has none")
    check_config(change(encoder__name_or_path=str(tmp_path)))  # mlm_weight is 0


def test_masked_language_model_with_a_mask_token(tmp_path: Path) -> None:
    def accepted(encoder: str) -> bool:
        return check_config(change(method__mlm_weight=0.1, encoder__name_or_path=encoder)).method.mlm_weight == 0.1

    tiny_tokenizer(tmp_path)
    assert accepted(str(tmp_path))
    assert accepted("on/the-hub")
    for names_none in ({"do_lower_case": True, "model_max_length": 512}, {}):  # as bert-base-uncased's on the hub
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(names_none))
        assert accepted(str(tmp_path))
    (tmp_path / "tokenizer_config.json").write_text("{")  # damaged: told when it is loaded
    assert accepted(str(tmp_path))


def test_a_package_that_is_not_installed_does_not_hide_other_faults() -> None:
    (line,) = faults(method__mlm_weight=0.1, encoder__name_or_path="package:no_such_package/model", data__path=None)
    assert line.startswith("data.path is required")


def test_drop_last_and_a_split_below_the_batch_contradict_each_other() -> None:
    with pytest.raises(ConfigError, match=r"data\.drop_last=true leaves no batch of a split of 63 sentences"):
        checked("experiment=simcse_bert", "data.drop_last=true", "data.low_shot.size=63")
    checked("experiment=simcse_bert", "data.drop_last=true", "data.low_shot.size=64")
