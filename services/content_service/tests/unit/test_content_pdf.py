from services.content_service.domain import extract
from services.content_service.tests.files import encrypted, pdf, set_lines

PARAGRAPH = [
    "Some people say that school should begin later in the",
    "morning, because teenagers need more sleep than adults",
    "do. I agree with them.",
]
NEXT = [
    "The second reason is that fewer pupils would be late if",
    "the buses had more time.",
]


def text_of(data: bytes) -> str:
    return extract("essay.pdf", data).text


def test_lines_of_a_paragraph_are_joined() -> None:
    assert text_of(pdf(set_lines(PARAGRAPH))) == " ".join(PARAGRAPH)


def test_space_between_paragraphs_separates_them() -> None:
    full = [*PARAGRAPH[:2], "do, and that is what I have always thought about it."]
    assert text_of(pdf(set_lines([*full, "", *NEXT]))) == f"{' '.join(full)}\n\n{' '.join(NEXT)}"


def test_a_short_last_line_ends_a_paragraph_without_any_space() -> None:
    assert text_of(pdf(set_lines([*PARAGRAPH, *NEXT]))) == (
        f"{' '.join(PARAGRAPH)}\n\n{' '.join(NEXT)}"
    )


def test_an_indented_line_begins_a_paragraph() -> None:
    full = [*PARAGRAPH[:2], "do, and that is what I have always thought about it."]
    lines = set_lines([*full, *NEXT])
    x, y, text = lines[3]
    lines[3] = (x + 20, y, text)
    assert text_of(pdf(lines)) == f"{' '.join(full)}\n\n{' '.join(NEXT)}"


def test_a_paragraph_goes_on_over_the_page_and_page_numbers_are_dropped() -> None:
    first = [*set_lines(PARAGRAPH[:2]), (300.0, 40.0, "1")]
    second = [*set_lines(PARAGRAPH[2:]), (300.0, 40.0, "Sida 2 av 2")]
    assert text_of(pdf(first, second)) == " ".join(PARAGRAPH)


def test_a_word_broken_at_the_line_end_is_joined() -> None:
    lines = [
        "All of this would make the school a better environ-",
        "ment for everyone who works there",
    ]
    assert "better environment for" in text_of(pdf(set_lines(lines)))


def test_a_hyphen_that_belongs_to_the_word_stays() -> None:
    lines = [
        "A well-known writer once said the same, and the well-",
        "known part of it is wrong. Anna lives in Stratford-upon-",
        "Avon and feeds her dog there. Hon handlade hund-",
        "och kattmat.",
    ]
    text = text_of(pdf(set_lines(lines)))
    assert "and the well-known part" in text
    assert "Stratford-upon-Avon" in text
    assert "hund- och kattmat" in text


def test_list_items_stand_on_lines_of_their_own() -> None:
    lines = ["There are three things that everybody needs at school:", "• bread", "• milk"]
    assert text_of(pdf(set_lines(lines))) == f"{lines[0]}\n\n- bread\n- milk"


def test_swedish_letters_are_read() -> None:
    assert text_of(pdf(set_lines(["Åsa äter gröt i Örebro."]))) == "Åsa äter gröt i Örebro."


def test_a_pdf_that_only_restricts_printing_is_read() -> None:
    assert text_of(encrypted(pdf(set_lines(["Hello there."])), password="")) == "Hello there."


def test_junk_before_the_header_does_no_harm() -> None:
    assert text_of(b"junk of a mail program\n" + pdf(set_lines(["Hello there."]))) == "Hello there."


def test_a_raised_mark_stays_on_its_line() -> None:
    first = "Some people say that school should begin later"
    (x, y, _), *rest = set_lines(PARAGRAPH)
    raised = (x + 250, y + 3, "2")
    assert text_of(pdf([(x, y, first), raised, *rest])).startswith(f"{first} 2 morning")


def test_the_hanging_lines_of_a_list_item_belong_to_it() -> None:
    full = "which is what everybody needs at school every single day"
    item = [(72.0, 700.0, f"• bread, {full}"), (84.0, 686.0, f"and milk, {full}")]
    assert text_of(pdf([*set_lines([full, full]), *item])).endswith(
        f"- bread, {full} and milk, {full}"
    )


def test_indented_lines_that_follow_one_another_are_one_paragraph() -> None:
    full = "which is what everybody needs at school every single day"
    quote = [(100.0, 700.0, full), (100.0, 686.0, full)]
    assert text_of(pdf([*set_lines([full] * 3), *quote])).endswith(f"\n\n{full} {full}")
