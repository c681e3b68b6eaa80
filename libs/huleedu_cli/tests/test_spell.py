"""`huleedu spell` with the real engine."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from huleedu_cli.clone import ROOT
from huleedu_cli.main import app

PROGRAM = "from huleedu_cli.main import app; app()"
TEXT = "My freind came on Monday."


def spell(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["spell", *map(str, arguments)])


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_text_is_printed_with_its_corrections_marked(tmp_path: Path) -> None:
    result = spell(written(tmp_path / "essay.txt", TEXT), "--language", "en")
    assert result.exit_code == 0
    assert result.stdout == "My [-freind-]{+friend+} came on Monday.\n"


def test_the_marks_have_colours_on_a_terminal_only(tmp_path: Path) -> None:
    essay = written(tmp_path / "essay.txt", TEXT)
    command = [sys.executable, "-c", PROGRAM, "spell", str(essay), "--language", "en"]
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    terminal, end = pty.openpty()
    try:
        subprocess.run(  # noqa: S603 - our own program
            command, stdout=end, env=environment, check=True, cwd=tmp_path
        )
        shown = os.read(terminal, 10_000).decode()
    finally:
        os.close(end)
        os.close(terminal)
    assert "\033[32m{+friend+}\033[0m" in shown


def test_several_texts_have_their_names_above_them(tmp_path: Path) -> None:
    written(tmp_path / "a.txt", TEXT)
    written(tmp_path / "b.md", "She came on Tuesday.")
    result = spell(tmp_path, "--language", "en")
    assert result.stdout.split("\n\n") == [
        "== a.txt ==",
        "My [-freind-]{+friend+} came on Monday.",
        "== b.md ==",
        "She came on Tuesday.\n",
    ]


def test_json_has_an_object_for_each_file_with_exact_spans(tmp_path: Path) -> None:
    paths = [written(tmp_path / name, f"{name}: {TEXT}") for name in ("a.txt", "b.txt")]
    result = spell(*paths, "--format", "json", "--language", "en")
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["file"] for answer in answers] == ["a.txt", "b.txt"]
    for answer in answers:
        [found] = answer["corrections"]
        assert answer["text"][found["start"] : found["end"]] == found["original"] == "freind"
        assert answer["corrected_text"] == answer["text"].replace("freind", "friend")


def test_the_language_is_found_out_when_not_given(tmp_path: Path) -> None:
    swedish = "Jag tycker att det är bra och det är inte svårt att göra med ett par vänner som jag."
    result = spell(written(tmp_path / "a.txt", swedish), "--format", "json")
    answer = json.loads(result.stdout)
    assert answer["language"] == "sv"
    assert answer["corrected_text"] == swedish


def test_words_of_the_glossary_are_right(tmp_path: Path) -> None:
    essay = written(tmp_path / "essay.txt", TEXT)
    glossary = written(tmp_path / "words", "freind\n")
    assert spell(essay, "--language", "en", "--glossary", glossary).stdout == TEXT + "\n"


def test_a_glossary_among_the_essays_is_not_one_of_them(tmp_path: Path) -> None:
    written(tmp_path / "essay.txt", TEXT)
    glossary = written(tmp_path / "words.txt", "freind\n")
    assert spell(tmp_path, "--language", "en", "--glossary", glossary).stdout == TEXT + "\n"


def test_a_document_is_read_as_the_content_service_reads_it() -> None:
    documents = ROOT / "examples" / "essays"
    document = next(path for path in sorted(documents.iterdir()) if path.suffix == ".docx")
    result = spell(document, "--format", "json", "--language", "en")
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)["text"].split()) > 50


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_checked(tmp_path: Path) -> None:
    written(tmp_path / "good.txt", TEXT)
    (tmp_path / "bad.txt").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    result = spell(tmp_path, "--language", "en")
    assert result.exit_code == 2
    assert "friend" in result.stdout
    assert "bad.txt: The file is a picture" in result.stderr
    assert "photo.jpg" in result.stderr


def test_json_lines_give_predictions_of_the_same_ids(tmp_path: Path) -> None:
    lines = [
        {"id": "1", "set": "s", "lang": "en", "kind": "ctx", "text": TEXT},
        {"id": "2", "set": "s", "lang": "sv", "kind": "iso", "word": "alldrig"},
    ]
    given = written(tmp_path / "in.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    result = spell("--format", "jsonl", given)
    first, second = map(json.loads, result.stdout.splitlines())
    assert (first["id"], first["set"]) == ("1", "s")
    assert first["corrections"][0]["suggestions"][0] == "friend"
    assert (second["id"], second["suggestions"][0]) == ("2", "aldrig")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [("{", "line 1 is not JSON"), ('{"id": 1, "text": "x"}', "line 1 has no lang")],
)
def test_a_line_that_cannot_be_checked_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    result = spell("--format", "jsonl", written(tmp_path / "in.jsonl", line))
    assert result.exit_code == 1
    assert complaint in " ".join(result.stderr.split())


@pytest.mark.parametrize("format_", ["text", "json", "jsonl"])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, format_: str) -> None:
    result = spell(tmp_path / "none.txt", "--format", format_)
    assert result.exit_code == 1
    assert "none.txt" in result.stderr.replace("\n", "")


def test_a_glossary_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    essay = written(tmp_path / "essay.txt", TEXT)
    bad = tmp_path / "words"
    bad.write_bytes(b"\xff\xfe\xff")
    for glossary, complaint in [(tmp_path / "none", "cannot be read"), (bad, "UTF-8")]:
        result = spell(essay, "--glossary", glossary)
        assert result.exit_code == 1
        assert complaint in result.stderr.replace("\n", " ")
