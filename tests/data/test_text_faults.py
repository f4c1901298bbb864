from __future__ import annotations

import pytest

from sentcse.data.text_faults import EXAMPLE, KINDS, TextFaults, faults_of


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("A man is playing the piano.", []),
        ("She asked: \u201cIs it far?\u201d", []),
        ("Der Mann spielt Klavier, w\u00e4hrend \u00c2rger droht.", []),
        ("\u4eca\u5929\u5929\u6c14\u5f88\u597d\u3002", []),
        ("\u0906\u091c \u092e\u094c\u0938\u092e \u0905\u091a\u094d\u091b\u093e \u0939\u0948\u0964", []),
        ("It was caf\u00c3\u00a9 time again.", ["broken"]),
        ("Don\u00e2\u20ac\u2122t go there again.", ["broken"]),
        ("A lost \ufffd character is here.", ["broken"]),
        ("A <b>bold</b> statement was made.", ["markup"]),
        ("Salt &amp; pepper are on the table.", ["markup"]),
        ("It is 3 < 4 and 5 > 2 here.", []),
        ("See https://example.org for the rest.", ["address"]),
        ("12, 13 and 1,024.50 = 17 % 4 (1) [2].", ["few letters"]),
        ("Too short.", ["few words"]),
        ("An apple a day keeps", ["no end"]),
        ("Title of it", ["no end"]),
    ],
)
def test_kinds(text: str, kinds: list[str]) -> None:
    script = "Cjk" if ord(text[0]) > 0x4E00 else "Latin"
    assert faults_of(f"  {text}\n", script) == kinds


def test_counts_shares_scripts_and_the_first_example() -> None:
    faults = TextFaults()
    for text in (
        "A man sings a song.",
        "Too short.",
        "Short" + "x" * 300,
        "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440 \u043c\u043e\u0439.",
        "123 456 789.",
    ):
        faults.add(text)
    assert faults.texts == 5
    assert faults.counts == {"few words": 2, "no end": 1, "few letters": 1}
    assert faults.share("few words") == 0.4
    assert faults.examples["few words"] == "Too short."
    assert len(faults.examples["no end"]) == EXAMPLE
    assert faults.scripts == {"Latin": 3, "Cyrillic": 1, "other": 1}
    assert set(faults.counts) <= set(KINDS)
    assert TextFaults().share("broken") == 0
