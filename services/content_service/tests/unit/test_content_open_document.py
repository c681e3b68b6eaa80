from services.content_service.domain import extract
from services.content_service.tests.files import odt


def text_of(data: bytes) -> str:
    return extract("essay.odt", data).text


def test_headings_paragraphs_and_spans_are_read_in_order() -> None:
    body = (
        "<text:h>Title</text:h><text:p>One <text:span>little</text:span>\n   sentence.</text:p>"
        "<text:section><text:p>Two<text:s text:c='2'/>more<text:line-break/>line.</text:p>"
        "</text:section>"
    )
    assert text_of(odt(body)) == "Title\n\nOne little sentence.\n\nTwo  more\nline."


def test_list_items_are_marked_once_each() -> None:
    body = (
        "<text:list><text:list-item><text:p>bread</text:p><text:list><text:list-item>"
        "<text:p>dark</text:p></text:list-item></text:list></text:list-item>"
        "<text:list-item><text:p>milk</text:p></text:list-item></text:list>"
    )
    assert text_of(odt(body)) == "- bread\n- dark\n- milk"


def test_a_table_gives_one_line_a_row() -> None:
    rows = "".join(
        f"<table:table-row><table:table-cell><text:p>{a}</text:p></table:table-cell>"
        f"<table:table-cell><text:p>{b}</text:p></table:table-cell></table:table-row>"
        for a, b in [("Town", "People"), ("Lund", "some")]
    )
    assert text_of(odt(f"<table:table>{rows}</table:table>")) == "Town\tPeople\nLund\tsome"


def test_tracked_deletions_and_comments_are_left_out() -> None:
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p>"
        "</text:deletion></text:changed-region></text:tracked-changes>"
        "<text:p>Kept<office:annotation><text:p>Nice!</text:p></office:annotation>.</text:p>"
    )
    assert text_of(odt(body)) == "Kept."


def test_notes_follow_the_text() -> None:
    body = (
        "<text:p>Fact<text:note><text:note-citation>1</text:note-citation><text:note-body>"
        "<text:p>Source.</text:p></text:note-body></text:note>.</text:p><text:p>More.</text:p>"
    )
    assert text_of(odt(body)) == "Fact[1].\n\nMore.\n\n[1] Source."


def test_a_run_of_spaces_is_no_longer_than_a_line() -> None:
    assert len(text_of(odt("<text:p>a<text:s text:c='150000'/>b</text:p>"))) == 102
