from __future__ import annotations

import json

from sentcse.data.corpus_report import CorpusReport


def test_notes_name_what_was_found_and_nothing_else() -> None:
    clean = CorpusReport(rows=10, columns=1, blank=0, duplicates=0, truncated_lines=0, overlong=0, tokens=50)
    assert clean.notes() == ["10 sentences, 50 tokens."]
    dirty = CorpusReport(rows=10, columns=3, blank=2, duplicates=1, truncated_lines=4, overlong=6, tokens=50)
    notes = dirty.notes()
    assert notes[0] == "10 pairs with a hard negative, 50 tokens."
    assert notes[1].startswith("2 blank rows")
    assert notes[2].startswith("1 rows (10.00%) repeat")
    assert notes[3].startswith("4 enormous rows")
    assert notes[4].startswith("6 texts (20.00%)")
    assert dirty.records == 12


def test_as_dict_is_plain() -> None:
    report = CorpusReport(1, 2, 3, 4, 5, 6, 7, ("sent0", "sent1"), ("A cat", "A dog"), 0.1, {"Khmer": 0.5})
    assert CorpusReport.of(json.loads(json.dumps(report.as_dict()))) == report


def test_notes_say_what_is_trained_on_and_what_the_tokenizer_does_not_know() -> None:
    report = CorpusReport(9, 3, 0, 0, 0, 0, 70, ("a", "b", "c"), ("A cat", "A\ndog", "x" * 99), 0.014, {"Khmer": 0.98})
    assert report.notes()[1:] == [
        f"The first row: anchor = a: 'A cat'; positive = b: 'A dog'; negative = c: '{'x' * 60}...'.",
        "1.40% of the tokens are unknown to the tokenizer (Khmer 98.0%).",
    ]
