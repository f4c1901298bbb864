"""What is said beside the answer: of the corpus, of time and disk, and of what cannot be known from this."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from sentcse.command.composition import as_word
from sentcse.data.text_faults import KINDS
from sentcse.printing.wording import count, number
from sentcse.sweeps.beforehand import AT_MOST, in_bytes
from sentcse.sweeps.progress import in_unit
from sentcse.worth.corpus import NEAR
from sentcse.worth.findings import Findings, Tried
from sentcse.worth.verdict import FEW_PAIRS, Verdict

MANY = 0.01
"""Share of texts from which a fault gets a sentence."""
ADVICE = {
    "broken": "name the file's encoding in data.encoding, or mend the text",
    "markup": "take the marks out before training",
    "address": "they teach nothing of meaning; leave such lines out",
    "few letters": "leave code, numbers and tables out",
    "few words": "short lines are near each other whatever they mean; leave them out",
}


def of_the_corpus(findings: Findings) -> Iterator[str]:
    """What a user should do about the text, the most important first."""
    report, faults, part = findings.corpus.report, findings.corpus.faults, findings.corpus.part
    for leak in findings.corpus.leaks:
        if leak.found > 0:
            yield (
                f"The corpus holds {leak.found:,} of the {leak.sentences:,} sentences of {leak.test}: scores on it "
                "flatter whatever is trained on this text."
            )
    repeated = report.rows - part.rows
    if repeated > 0:
        yield (
            f"{count(repeated, 'row')} ({repeated / report.rows:.1%}) repeat an earlier one token by token: "
            "data.duplicates=drop leaves them out, as the runs here did."
        )
    if findings.near.sentences > MANY * findings.near.of:
        yield (
            f"{findings.near.sentences:,} of {findings.near.of:,} sentences that were compared "
            f"({findings.near.sentences / findings.near.of:.1%}) have a different one at a cosine of {NEAR} or more: "
            "such near-duplicates are false negatives, and in the whole corpus there are more."
        )
    for kind, advice in ADVICE.items():
        if faults.share(kind) >= MANY:
            yield f"{kind.capitalize()}, {faults.share(kind):.1%} of the texts ({KINDS[kind]}): {advice}."
    if faults.share("no end") >= 0.5:
        yield f"{faults.share('no end'):.0%} have no sentence's end: see whether lines were cut in the middle."
    texts = report.rows * report.columns
    if report.overlong >= MANY * texts:
        yield (
            f"{report.overlong / texts:.1%} of the texts are longer than {findings.max_length} tokens and are cut: "
            "data.max_length sets another length."
        )
    if report.unknown >= MANY:
        yield f"{report.unknown:.1%} of the tokens are unknown to the tokenizer: another encoder may know the language."
    scripts = [each for each in faults.scripts.most_common() if each[0] != "other" and each[1] >= MANY * faults.texts]
    if len(scripts) > 1:
        named = ", ".join(f"{script} {texts / faults.texts:.1%}" for script, texts in scripts[1:])
        yield f"Beside {scripts[0][0]} there is {named}: look whether both are meant."


def of_the_cost(findings: Findings, judged: Verdict) -> Iterator[str]:
    """Time and disk as the runs had them, and what a pass over the corpus would take."""
    shown = judged.choice or findings.tried[-1]
    yield (
        f"{shown.trial.name} took {in_unit(shown.cost.seconds)} on this machine and {in_bytes(shown.cost.bytes)} of "
        f"disk (the encoder and its records; while one trains, up to {AT_MOST} times the encoder's weights)."
    )
    if shown.cost.seconds_a_step is None:
        return
    steps = -(-findings.corpus.part.rows // findings.batch_size)
    yield (
        f"A step of {findings.batch_size} sentences took {number(shown.cost.seconds_a_step)} s, so that one pass over "
        f"all {findings.corpus.part.rows:,} different sentences would be {count(steps, 'step')}, about "
        f"{in_unit(steps * shown.cost.seconds_a_step)}."
    )


def not_known(findings: Findings) -> Iterator[str]:
    """What this cannot tell."""
    part, tried = findings.corpus.part, findings.tried
    if part.size < part.rows - len(part.held_out):
        yield f"What the other sentences would bring: the runs saw {part.size:,} of {part.rows:,}."
    yield f"What more than {count(findings.longest(), 'step')} would bring, and other learning rates: none was tried."
    yield "How much the seed decides: each run was made once."
    missing = {"simcse", "micse", "diffcse"} - {each.trial.method for each in tried}
    if missing:
        yield f"What {' and '.join(sorted(missing))} would do: not tried (methods=[...]; diffcse needs a generator)."
    if findings.pairs is None:
        yield (
            "Whether your text is told apart better: without graded pairs nothing here measures it, and label-free "
            "scores followed it for SimCSE and ran against it for DiffCSE (docs/selection.md)."
        )
    else:
        few = f", and {findings.pairs} pairs are few" if findings.pairs < FEW_PAIRS else ""
        if len(tried) > 1:
            yield f"How much of a gain is the choice: the best of {len(tried)} runs is told on the pairs that chose it."
        yield f"Search, clusters or other tasks: the pairs alone judge{few}."
    yield (
        f"Other languages than English by the general pairs, of which there are {findings.general_pairs}, and anything "
        "that they do not speak of."
    )
    yield "Test sentences in the corpus that are paraphrased: leaks are found by their letters alone."


def over_the_command(findings: Findings, judged: Verdict) -> str:
    """The heading of `next_command`, which is no advice where the answer is not to train."""
    if judged.kind == "yes":
        return "The training"
    measure = "your pairs" if findings.pairs is not None else "the general pairs"
    return f"If you train all the same: the run that did best on {measure}"


def next_command(findings: Findings, chosen: Tried, overrides: list[str]) -> str:
    """The training that the chosen run stands for, on the whole corpus."""
    config, name = chosen.trial.config, chosen.trial.method
    words = [f"method={name}", "data=text", *overrides, "data.duplicates=drop"]
    words += [f"encoder.name_or_path={as_word(findings.encoder)}", f"encoder.pooler={config.encoder.pooler}"]
    words += ["method.head=none"] if config.method.head == "none" else []
    words += [f"trainer.max_steps={chosen.trial.steps}", "evaluation=none", f"seed={config.seed}"]
    return " ".join(["python -m sentcse.train", *map(shlex.quote, words)])
