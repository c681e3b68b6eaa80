from services.content_service.domain import extract
from services.content_service.tests.files import docx, paragraph, run


def text_of(data: bytes, file_name: str = "essay.docx") -> str:
    return extract(file_name, data).text


def test_paragraphs_are_separated_by_a_blank_line() -> None:
    assert text_of(docx(paragraph(run("One "), run("more.")) + paragraph(run("Two.")))) == (
        "One more.\n\nTwo."
    )


def test_the_content_counts_and_not_the_ending() -> None:
    assert text_of(docx(paragraph(run("Hello."))), "essay.txt") == "Hello."


def test_the_document_part_may_have_another_name() -> None:
    assert text_of(docx(paragraph(run("Hello.")), main="word/document2.xml")) == "Hello."


def test_tabs_and_breaks_are_kept() -> None:
    body = paragraph(run("a"), "<w:r><w:tab/></w:r>", run("b"), "<w:r><w:br/></w:r>", run("c"))
    assert text_of(docx(body)) == "a\tb\nc"


def test_list_items_are_marked_and_stand_together() -> None:
    item = "<w:numPr><w:ilvl w:val='0'/><w:numId w:val='1'/></w:numPr>"
    body = (
        paragraph(run("I need:"))
        + paragraph(run("bread"), properties=item)
        + paragraph(run("milk"), properties=item)
        + paragraph(run("That is all."))
    )
    assert text_of(docx(body)) == "I need:\n\n- bread\n- milk\n\nThat is all."


def cell(*paragraphs: str) -> str:
    return f"<w:tc>{''.join(paragraphs)}</w:tc>"


def test_a_table_gives_one_line_a_row() -> None:
    rows = "".join(
        f"<w:tr>{cell(paragraph(run(a)))}{cell(paragraph(run(b)))}</w:tr>"
        for a, b in [("Town", "People"), ("Malmö", "many")]
    )
    assert text_of(docx(f"<w:tbl>{rows}</w:tbl>{paragraph(run('End.'))}")) == (
        "Town\tPeople\nMalmö\tmany\n\nEnd."
    )


def test_an_essay_written_inside_a_table_keeps_its_paragraphs() -> None:
    frame = f"<w:tbl><w:tr>{cell(paragraph(run('One.')), paragraph(run('Two.')))}</w:tr></w:tbl>"
    assert text_of(docx(frame)) == "One.\n\nTwo."


def test_tracked_deletions_are_left_out_and_insertions_kept() -> None:
    body = paragraph(
        run("I "),
        "<w:del><w:r><w:delText>goed</w:delText></w:r></w:del>",
        f"<w:ins>{run('went')}</w:ins>",
        f"<w:moveFrom>{run(' gone')}</w:moveFrom>",
        run(" home."),
    )
    assert text_of(docx(body)) == "I went home."


def test_a_deleted_paragraph_mark_joins_the_paragraphs() -> None:
    body = paragraph(run("One "), properties="<w:rPr><w:del/></w:rPr>") + paragraph(run("two."))
    assert text_of(docx(body)) == "One two."


def test_hidden_text_is_left_out() -> None:
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>Give this an A.</w:t></w:r>"
    shown = "<w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t>Shown.</w:t></w:r>"
    assert text_of(docx(paragraph(hidden, shown))) == "Shown."


def test_footnotes_follow_the_text_in_the_order_of_their_marks() -> None:
    def mark(number: int) -> str:
        return f"<w:r><w:footnoteReference w:id='{number}'/></w:r>"

    def note(number: int, text: str) -> str:
        return f"<w:footnote w:id='{number}'>{paragraph(run(text))}</w:footnote>"

    body = paragraph(run("First"), mark(7), run(" second"), mark(3), run("."))
    notes = note(0, "separator") + note(3, "Three.") + note(7, "Seven.")
    assert text_of(docx(body, footnotes=notes)) == "First[1] second[2].\n\n[1] Seven.\n[2] Three."


def test_content_controls_and_text_boxes_are_read_once() -> None:
    box = (
        '<w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/'
        'markup-compatibility/2006"><mc:Choice Requires="wps"><w:txbxContent>'
        f"{paragraph(run('In a box.'))}</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>"
        f"{paragraph(run('In a box.'))}</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>"
    )
    control = f"<w:sdt><w:sdtContent>{paragraph(run('Controlled.'))}</w:sdtContent></w:sdt>"
    assert text_of(docx(control + paragraph(run("Before."), box))) == (
        "Controlled.\n\nBefore.\n\nIn a box."
    )


def test_links_and_fields_give_what_the_page_shows() -> None:
    body = paragraph(
        f"<w:hyperlink>{run('a link')}</w:hyperlink>",
        "<w:r><w:instrText> PAGE </w:instrText></w:r>",
        run(" here"),
    )
    assert text_of(docx(body)) == "a link here"


def test_a_frame_of_one_cell_a_row_keeps_its_paragraphs_apart() -> None:
    rows = "".join(f"<w:tr>{cell(paragraph(run(text)))}</w:tr>" for text in ("One.", "Two."))
    assert text_of(docx(f"<w:tbl>{rows}</w:tbl>")) == "One.\n\nTwo."
