import csv
import io
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huleedu_report import (
    Correction,
    EssayResult,
    Results,
    caterpillar,
    comparisons_of,
    errors_csv,
    frequent_errors,
    judge_note,
    marked_text,
    report_page,
    results_csv,
    verdicts_csv,
)

HOSTILE = '<script>alert("1")</script>&amp;.txt'


def correction(start: int, original: str, *suggestions: str) -> Correction:
    return {
        "start": start,
        "end": start + len(original),
        "original": original,
        "suggestions": list(suggestions),
        "confidence": 0.9,
    }


def essay(rank: int | None, score: float | None, *, file: str = "a.txt") -> EssayResult:
    return {
        "file": file,
        "essay_id": f"id-{rank}",
        "status": "failed" if rank is None else "assessed",
        "error": "The text is empty." if rank is None else None,
        "rank": rank,
        "score": score,
        "standard_error": None if score is None else 0.3,
        "plausible_ranks": None if rank is None else [rank, rank + 1],
        "grade": None,
        "grade_probabilities": None,
        "anchor": False,
        "word_count": 3,
        "text": "a teh <b>",
        "corrections": [correction(2, "teh", "the", "ten")],
        "marked": [],
        "corrected_text": "a the <b>",
    }


def results(*essays: EssayResult, judge: str = "offline") -> Results:
    return {
        "batch_id": "b",
        "language": "en",
        "judge": judge,
        "reliability": 0.8,
        "comparisons": 40,
        "essays": list(essays),
        "name": HOSTILE,
    }


class Texts(HTMLParser):
    """The text of a page without what is struck, noted or put in."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.silent = 0
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if self.silent or ("class", "note") in attrs or ("class", "put-in") in attrs:
            self.silent += 1

    def handle_endtag(self, tag: str) -> None:
        if self.silent:
            self.silent -= 1

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(data)


def read(html: str) -> Texts:
    parser = Texts()
    parser.feed(html)
    parser.close()
    return parser


def test_correction_is_struck_with_the_suggestion_beside_it() -> None:
    html = marked_text(essay(1, 0.0))

    assert "<del>teh</del>" in html
    assert ">the</ins>" in html
    assert "Other suggestions: ten" in html
    assert "90 % sure" in html


def test_what_is_merely_marked_is_not_struck() -> None:
    marked = essay(1, 0.0)
    marked["marked"] = marked["corrections"]
    marked["corrections"] = []

    html = marked_text(marked)

    assert "<del>" not in html
    assert 'data-perhaps="the?"' in html
    assert "Perhaps: the, ten" in html


def test_mark_without_a_suggestion_claims_nothing() -> None:
    marked = essay(1, 0.0)
    marked["marked"] = [{**marked["corrections"][0], "suggestions": [], "confidence": 0.01}]
    marked["corrections"] = []

    html = marked_text(marked)

    assert 'data-perhaps="?"' in html
    assert "No suggestion" in html
    assert "% sure" not in html


def test_mark_that_does_not_lie_on_its_words_is_refused() -> None:
    wrong = essay(1, 0.0)
    wrong["corrections"] = [correction(1, "teh", "the")]

    with pytest.raises(ValueError, match="does not fit"):
        marked_text(wrong)


def test_overlapping_marks_are_refused() -> None:
    wrong = essay(1, 0.0)
    wrong["marked"] = [correction(4, "h <", "x")]

    with pytest.raises(ValueError, match="does not fit"):
        marked_text(wrong)


@given(data=st.data(), text=st.text(alphabet="ab <>&\"'å\n", min_size=1, max_size=60))
def test_marked_text_reads_as_the_essay_and_adds_no_tag_of_its_own(
    data: st.DataObject, text: str
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = [(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    marks = [correction(a, text[a:b], "<i>x</i>") for a, b in spans]
    marked = essay(1, 0.0)
    marked["text"], marked["corrections"], marked["marked"] = text, marks[::2], marks[1::2]

    page = read(marked_text(marked))

    assert "".join(page.parts) == text
    assert set(page.tags) <= {"span", "del", "ins", "b"}


def test_plot_has_a_row_per_ranked_essay_in_the_order_of_ranks() -> None:
    svg = ET.fromstring(  # noqa: S314 - made three lines above
        caterpillar([essay(2, -1.0, file="b"), essay(None, None), essay(1, 1.0, file="a")])
    )
    rows = [node for node in svg.iter() if node.get("class", "").startswith("row")]
    names = [node.text for node in svg.iter() if node.get("class") == "name"]

    assert len(rows) == 2
    assert names == ["a", "b"]


@given(numbers=st.lists(st.tuples(st.floats(-50, 50), st.floats(0, 30)), min_size=1, max_size=8))
def test_every_bar_lies_inside_the_plot(numbers: list[tuple[float, float]]) -> None:
    essays = [essay(index + 1, score) for index, (score, _) in enumerate(numbers)]
    for row, (_, error) in zip(essays, numbers, strict=True):
        row["standard_error"] = error

    svg = ET.fromstring(caterpillar(essays))  # noqa: S314 - our own output

    bars = [node for node in svg.iter() if node.get("class") == "wide"]
    for bar in bars:
        low, high = float(bar.attrib["x1"]), float(bar.attrib["x2"])
        assert 235 <= low <= high <= 697
    ticks = [node for node in svg.iter() if node.get("class") in {"grid", "zero"}]
    assert 2 <= len(ticks) <= 12


def test_plot_of_nothing_is_nothing() -> None:
    assert caterpillar([essay(None, None)]) == ""


def test_report_runs_nothing_and_loads_nothing_whatever_the_essays_say() -> None:
    hostile = essay(1, 0.0, file=HOSTILE)
    hostile["text"] = hostile["corrected_text"] = '<img src="http://example.org/x.png">'
    hostile["corrections"] = []

    page = read(report_page(results(hostile, essay(None, None, file=HOSTILE))))

    assert not {"script", "img", "link", "iframe"} & set(page.tags)
    assert "http://example.org/x.png" in "".join(page.parts)


def test_report_without_texts_shows_the_corrected_ones() -> None:
    bare = essay(1, 0.0)
    del bare["text"]

    assert "a the &lt;b&gt;" in report_page(results(bare))


def test_demonstration_judge_is_labelled() -> None:
    assert judge_note("offline") == "demonstration judge, not for grading"
    assert judge_note("some-model") is None
    assert "not for grading" in report_page(results(essay(1, 0.0)))
    assert "not for grading" not in report_page(results(essay(1, 0.0), judge="some-model"))


def test_csv_has_a_line_per_essay() -> None:
    rows = list(csv.DictReader(io.StringIO(results_csv(results(essay(1, 0.5), essay(None, None))))))

    assert [row["rank"] for row in rows] == ["1", ""]
    assert rows[0]["score"] == "0.5"
    assert rows[0]["corrections"] == "1"
    assert rows[1]["error"] == "The text is empty."


@pytest.mark.parametrize("name", ["=1+1", "@SUM(A1)", "+1", "-1", "\t=1"])
def test_file_name_that_is_a_formula_is_defused_in_the_csv(name: str) -> None:
    row = next(csv.DictReader(io.StringIO(results_csv(results(essay(1, 0.5, file=name))))))

    assert row["file"] == f"'{name}"


def of_kind(kind: str, original: str, suggestion: str) -> Correction:
    return {**correction(0, original, suggestion), "kind": kind}


def test_errors_are_counted_over_the_class_whatever_their_capitals() -> None:
    errors = frequent_errors(
        [
            [
                correction(0, "Teh", "The"),
                correction(9, "teh", "the"),
                correction(20, "alot", "a lot"),
            ],
            [correction(0, "teh", "the")],
            [correction(0, "becouse", "because")],
        ]
    )

    assert [(each["written"], each["meant"], each["count"], each["essays"]) for each in errors] == [
        ("teh", "the", 3, 2),
        ("alot", "a lot", 1, 1),
        ("becouse", "because", 1, 1),
    ]


def test_errors_alike_in_letters_but_not_in_kind_or_meaning_are_apart() -> None:
    errors = frequent_errors(
        [
            [of_kind("spelling", "form", "from"), of_kind("real_word", "form", "from")],
            [of_kind("real_word", "form", "farm")],
            [of_kind("capital", "london", "London"), of_kind("capital", "Don\u2019T", "Don't")],
        ]
    )

    assert [(each["written"], each["meant"], each["kind"]) for each in errors] == [
        ("Don'T", "Don't", "capital"),
        ("form", "from", "spelling"),
        ("form", "from", "real_word"),
        ("form", "farm", "real_word"),
        ("london", "London", "capital"),
    ]


def test_name_that_is_misspelt_keeps_its_capital() -> None:
    [error] = frequent_errors([[correction(0, "Jhon", "John")]])

    assert (error["written"], error["meant"]) == ("Jhon", "John")


def test_correction_without_a_suggestion_is_no_lesson() -> None:
    assert frequent_errors([[correction(0, "teh")]]) == []


def test_errors_of_the_class_are_on_the_page_and_escaped() -> None:
    hostile = essay(1, 0.0)
    hostile["text"] = hostile["corrected_text"] = HOSTILE
    hostile["corrections"] = [correction(0, "<script>", "<b>")]

    page = read(report_page(results(hostile)))

    assert "For the next lesson" in "".join(page.parts)
    assert "script" not in page.tags
    assert "For the next lesson" not in report_page(
        results(essay(None, None) | {"corrections": []})
    )


def test_errors_come_as_a_spreadsheet_that_runs_nothing() -> None:
    [row] = csv.DictReader(io.StringIO(errors_csv(frequent_errors([[correction(0, "=1", "+1")]]))))

    assert row == {
        "written": "'=1",
        "meant": "'+1",
        "kind": "spelling",
        "count": "1",
        "essays": "1",
    }


def compared(*essays: EssayResult) -> Results:
    """The essays in a ring: each is better than the next one, and the last as good as the first."""
    found = results(*essays, judge="gpt+people")
    ids = [each["essay_id"] for each in essays]
    found["verdicts"] = [
        {
            "judge": "gpt",
            "first": first,
            "second": second,
            "winner": "first" if second != ids[0] else "tie",
            "degree": 2 if first == ids[0] else 1,
            "reason": "It argues <better>." if first == ids[0] else None,
        }
        for first, second in zip(ids, [*ids[1:], ids[0]], strict=True)
    ]
    return found


def test_an_essay_sees_its_comparisons_from_its_own_side() -> None:
    found = compared(*(essay(rank, -rank, file=f"{rank}.txt") for rank in (1, 2, 3)))

    seen = [
        (each["other"]["file"], each["result"], each["clearly"], each["reason"])
        for each in comparisons_of(found, "id-2")
    ]

    assert seen == [
        ("1.txt", "worse", True, "It argues <better>."),
        ("3.txt", "better", False, None),
    ]
    assert [each["result"] for each in comparisons_of(found, "id-3")] == ["alike", "worse"]


def test_the_report_says_what_a_place_is_made_of_and_where_to_look_first() -> None:
    found = compared(*(essay(rank, -rank, file=f"{rank}.txt") for rank in (1, 2, 3)))
    found["essays"][0] |= {"anchor": True, "grade": "A"}
    found["essays"][1] |= {
        "grade": "B",
        "grade_probabilities": {"A": 0.4, "B": 0.55, "C": 0.05},
        "near_boundary": True,
        "anchor_above": "id-1",
    }
    found["concordance"] = 0.87
    found["look_first"] = [{"essay_id": "id-2", "reason": "Its grade is uncertain."}]
    found["judges"] = [
        {
            "judge": "gpt",
            "verdicts": 3,
            "agreement": 5 / 6,
            "order_effect": 0.5,
            "order_effect_se": 0.1,
            "slope": 1.0,
            "infit": 1.0,
            "z": None,
            "swap_consistency": None,
            "flagged": True,
            "cost": "0.0123",
        }
    ]

    page = report_page(found)

    for sentence in (
        "Look at this one first",
        "Its grade is uncertain.",
        "87 %",
        "near a border",
        "It argues &lt;better&gt;.",
        "The anchor above it is",
        "clearly worse than",
        "83 %",
        "the first (+0.50 ± 0.10)",
        "disagrees more than chance explains",
        "0.0123",
    ):
        assert sentence in page
    assert "of them before" not in page


def test_the_report_says_what_was_made_and_paid_for_in_earlier_runs() -> None:
    found = compared(essay(1, 1.0), essay(2, 0.0))
    found["taken_over"] = 7
    found["judges"] = [
        {
            "judge": "gpt",
            "verdicts": 9,
            "agreement": 1.0,
            "order_effect": 0.0,
            "order_effect_se": 0.1,
            "slope": 1.0,
            "infit": 1.0,
            "z": None,
            "swap_consistency": None,
            "flagged": False,
            "cost": "0.52",
            "taken_over": 7,
            "cost_taken_over": "0.40",
        }
    ]

    page = report_page(found)

    assert "7 of them before" in page
    assert "0.12, and 0.40 before" in page


def test_the_log_of_comparisons_names_files_and_tells_files_of_one_name_apart() -> None:
    found = compared(essay(1, 1.0), essay(2, 0.0), essay(3, -1.0, file="=b.txt"))

    rows = list(csv.DictReader(io.StringIO(verdicts_csv(found))))

    assert [(row["first"], row["second"], row["winner"], row["degree"]) for row in rows] == [
        ("a.txt id-1", "a.txt id-2", "first", "2"),
        ("a.txt id-2", "'=b.txt", "first", "1"),
        ("'=b.txt", "a.txt id-1", "tie", "1"),
    ]
    assert rows[0]["reason"] == "It argues <better>."
