"""Which files are taken for essays, and what is said of the others."""

import os
import zipfile
from pathlib import Path

import pytest

from huleedu_cli.essays import collect
from huleedu_cli.language import detect
from huleedu_cli.problem import Problem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "class 9b"
    folder.mkdir()
    return folder


def write(path: Path, text: str = "An essay.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def names(*paths: Path) -> list[str]:
    return [essay.name for essay in collect(paths).essays]


def test_a_folder_gives_the_essays_below_it_in_order(folder: Path) -> None:
    for name in ("b.txt", "a.md", "deep/er/c.docx", "d.PDF", "e.odt"):
        write(folder / name)
    assert names(folder) == ["a.md", "b.txt", "d.PDF", "c.docx", "e.odt"]


def test_the_order_does_not_depend_on_how_paths_are_given(folder: Path) -> None:
    one, two = write(folder / "1.txt"), write(folder / "2.txt")
    assert names(two, one, folder) == names(folder) == ["1.txt", "2.txt"]


def test_files_of_the_same_name_are_told_apart_by_their_folders(folder: Path) -> None:
    write(folder / "anna" / "essay.txt")
    write(folder / "bo" / "essay.txt")
    write(folder / "bo" / "other.txt")
    assert names(folder) == ["anna/essay.txt", "bo/essay.txt", "other.txt"]


def test_hidden_files_and_what_is_left_out_are_passed_over_in_silence(folder: Path) -> None:
    for name in (".DS_Store", ".git/x.txt", "~$essay.docx", "results/old.txt", "anchors.csv"):
        write(folder / name)
    write(folder / "essay.txt")
    handed = collect([folder], leave_out={folder / "results", folder / "anchors.csv"})
    assert [essay.name for essay in handed.essays] == ["essay.txt"]
    assert not handed.refused


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("cat.jpg", b"\xff\xd8", "is a picture"),
        ("grades.xlsx", b"PK", "is not a text document"),
        ("empty.txt", b"", "is empty"),
    ],
)
def test_what_is_no_essay_is_named_with_the_reason(
    folder: Path, name: str, content: bytes, reason: str
) -> None:
    write(folder / "essay.txt")
    (folder / name).write_bytes(content)
    handed = collect([folder])
    assert [essay.name for essay in handed.essays] == ["essay.txt"]
    [refused] = handed.refused
    assert refused.file == name
    assert reason in refused.reason


def test_a_file_too_large_is_named_with_its_size(folder: Path) -> None:
    write(folder / "essay.txt")
    with (folder / "huge.txt").open("wb") as file:
        file.truncate(100_000_000)
    [refused] = collect([folder]).refused
    assert refused.file == "huge.txt"
    assert "100 MB" in refused.reason


def test_a_missing_path_stops_everything(folder: Path) -> None:
    write(folder / "essay.txt")
    with pytest.raises(Problem, match=r"no file or folder .*nowhere"):
        collect([folder, folder / "nowhere"])


def test_an_empty_folder_is_a_problem(folder: Path) -> None:
    with pytest.raises(Problem, match=r"nothing to assess in .*class 9b"):
        collect([folder])


def test_a_folder_of_pictures_is_a_problem_that_names_them(folder: Path) -> None:
    write(folder / "cat.jpg")
    write(folder / "dog.png")
    with pytest.raises(
        Problem, match=r"(?s)cat\.jpg: The file is a picture.*dog\.png: The file is a picture"
    ):
        collect([folder])


def test_further_essays_are_added_once(folder: Path) -> None:
    inside, outside = write(folder / "in.txt"), write(folder.parent / "out.txt")
    handed = collect([folder], also=[inside, outside])
    assert [essay.name for essay in handed.essays] == ["in.txt", "out.txt"]


def test_a_name_that_is_no_text_can_still_travel(folder: Path) -> None:
    (folder / os.fsdecode(b"caf\xe9.txt")).write_text("An essay.")
    [name] = names(folder)
    name.encode()


def test_swedish_is_found_in_text_and_in_a_document(folder: Path) -> None:
    text = "Jag tycker att det är viktigt och att ingen får stå utanför i skolan på rasten."
    plain = write(folder / "a.txt", text)
    document = folder / "b.docx"
    with zipfile.ZipFile(document, "w") as archive:
        archive.writestr("word/document.xml", f"<w:t>{text}</w:t>")
    assert detect([plain]) == detect([document]) == "sv"


def test_english_is_found(folder: Path) -> None:
    text = "I think that it is important to be kind, and the school was good with it."
    assert detect([write(folder / "a.txt", text)]) == "en"


@pytest.mark.parametrize("text", ["", "Lorem ipsum dolor sit amet.", "the och and att is det"])
def test_no_language_is_claimed_where_nothing_tells(folder: Path, text: str) -> None:
    assert detect([write(folder / "a.txt", text), write(folder / "b.docx", "no zip")]) is None
