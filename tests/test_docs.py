"""The documentation says what is: generated pages are up to date, links lead somewhere, named settings exist."""

from __future__ import annotations

import importlib.util
import re
import shutil
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from sentcse.config.commands import EvaluateConfig
from sentcse.config.exporting import ExportConfig
from sentcse.config.schema import TrainConfig

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
FLAGS = ROOT / "docs" / "published_flags.md"
FLAG_ROW = re.compile(
    r"^\| `--(?P<flag>\w+)` \| (?P<default>[^|]*) \| (?P<here>[^|]*) \|(?P<remark>.*)\|$", re.MULTILINE
)
LINK = re.compile(r"\]\((?!https?:|mailto:)(?P<target>[^)\s]+)\)")

# what `train.py` of each repository declares, and transformers.TrainingArguments 4.2.1
SIMCSE = """model_name_or_path model_type config_name tokenizer_name cache_dir use_fast_tokenizer model_revision
use_auth_token temp pooler_type hard_negative_weight do_mlm mlm_weight mlp_only_train dataset_name dataset_config_name
overwrite_cache validation_split_percentage preprocessing_num_workers train_file max_seq_length pad_to_max_length
mlm_probability eval_transfer"""
TRANSFORMERS = """output_dir overwrite_output_dir do_train do_eval do_predict evaluation_strategy prediction_loss_only
per_device_train_batch_size per_device_eval_batch_size per_gpu_train_batch_size per_gpu_eval_batch_size
gradient_accumulation_steps eval_accumulation_steps learning_rate weight_decay adam_beta1 adam_beta2 adam_epsilon
max_grad_norm num_train_epochs max_steps lr_scheduler_type warmup_steps logging_dir logging_first_step logging_steps
save_steps save_total_limit no_cuda seed fp16 fp16_opt_level fp16_backend local_rank tpu_num_cores tpu_metrics_debug
debug dataloader_drop_last eval_steps dataloader_num_workers past_index run_name disable_tqdm remove_unused_columns
label_names load_best_model_at_end metric_for_best_model greater_is_better ignore_data_skip sharded_ddp deepspeed
label_smoothing_factor adafactor"""
DIFFCSE = "generator_name batchnorm lambda_weight before_mlp aux_bert masking_ratio"
MICSE = """style diag_only min_layer max_layer hidden_dropout_prob hidden_dropout_prob_noise
attention_probs_dropout_prob attention_probs_dropout_prob_noise task_lambda task_alpha task_gamma number_of_steps
delete_model description tags"""


@cache
def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def flag_rows() -> list[re.Match[str]]:
    return list(FLAG_ROW.finditer(FLAGS.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_reference_is_up_to_date() -> None:
    assert load_generator().main(["--check"]) == 0, "run python docs/generate.py"


def test_check_notices_a_stale_page_and_writing_mends_it(tmp_path: Path) -> None:
    generator = load_generator()
    page = tmp_path / "configuration.md"
    shutil.copy(ROOT / "docs" / "configuration.md", page)
    whole = page.read_text(encoding="utf-8")
    page.write_text(whole.replace("`method.temperature`", "`method.warmth`"), encoding="utf-8")

    assert generator.main(["--check"], page) == 1
    assert "method.warmth" in page.read_text(encoding="utf-8")
    assert generator.main([], page) == 0
    assert page.read_text(encoding="utf-8") == whole


def test_reference_names_every_key_of_the_schema() -> None:
    generator = load_generator()
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    leaves = [
        key for key in generator.keys_of() if not any(other.startswith(f"{key}.") for other in generator.keys_of())
    ]
    assert "method.mlm_weight" in leaves
    assert [key for key in leaves if f"| `{key}` |" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"<!--.*?-->|```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = []
    for link in LINK.finditer(text):
        name, _, anchor = link["target"].partition("#")
        target = page if name == "" else (page.parent / name).resolve()
        if not target.exists() or (anchor != "" and anchor not in anchors(target)):
            broken.append(link["target"])
    assert broken == []


def test_every_published_flag_has_a_row() -> None:
    rows = [row["flag"] for row in flag_rows()]
    assert [flag for flag in " ".join([SIMCSE, TRANSFORMERS, DIFFCSE, MICSE]).split() if flag not in rows] == []


@pytest.mark.parametrize("row", flag_rows(), ids=lambda row: row["flag"])
def test_flag_row_names_existing_settings_or_says_why_not(row: re.Match[str]) -> None:
    generator = load_generator()
    known = {*generator.keys_of(TrainConfig), *generator.keys_of(EvaluateConfig), *generator.keys_of(ExportConfig)}
    here = row["here"].strip()
    if here == "-":
        assert row["remark"].strip() != "", "a flag without counterpart needs its reason"
    else:
        named = set(re.findall(r"`([^`]+)`", here))
        assert named != set()
        assert named <= known


def test_flag_remarks_name_existing_settings() -> None:
    known = set(load_generator().keys_of())
    sections = {key for key in known if any(other.startswith(f"{key}.") for other in known)}
    remarks = "\n".join(row["remark"] for row in flag_rows())
    named = re.findall(r"`([a-z_]+\.[a-z_.]+)(?:=[^`]*)?`", remarks)
    assert "method.head" in named
    assert [word for word in named if word.split(".")[0] in sections and word not in known] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_that_a_page_names_exist(page: Path) -> None:
    """Dotted keys in code whose first part is a section of some command's settings."""
    known = set(load_generator().keys_of())
    sections = {key.split(".")[0] for key in known if "." in key}
    text = page.read_text(encoding="utf-8")
    code = [*re.findall(r"`([^`\n]+)`", text), *re.findall(r"```bash\n(.*?)```", text, re.DOTALL)]
    named = {name for piece in code for name in re.findall(r"(?<![\w./])([a-z_]+(?:\.[a-z_]+)+)=", piece)}
    assert {name for name in named if name.split(".")[0] in sections and name not in known} == set()


def test_experiments_carry_a_source_and_the_readme_names_each() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    results = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    for path in (ROOT / "configs" / "experiment").glob("*.yaml"):
        recipe = yaml.safe_load(path.read_text(encoding="utf-8"))["recipe"]
        assert recipe["source"], path.name
        # a family of low-shot recipes stands in one row by its endings
        family, _, ending = path.stem.rpartition("_")
        assert f"`{path.stem}`" in readme or (f"`{family}_" in readme and f"`_{ending}`" in readme), path.name
        published = recipe.get("published", {})
        row = next((line for line in readme.splitlines() if line.startswith(f"| `{path.stem}` |")), "")
        if "sts_avg" in published:
            assert f"{published['sts_avg']:.2f}" in row, f"README's row of {path.stem} lacks its published score"
        if "transfer_avg" in published:
            assert f"{published['transfer_avg']:.2f}" in results, f"docs/results.md lacks the score of {path.stem}"


def test_citation_names_the_three_papers() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["type"] == "software"
    assert {reference["doi"] for reference in citation["references"]} == {
        "10.18653/v1/2021.emnlp-main.552",
        "10.18653/v1/2022.naacl-main.311",
        "10.18653/v1/2023.acl-long.339",
    }
