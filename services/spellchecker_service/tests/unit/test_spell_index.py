"""The index on disk, and the version that stands for all that the engine is made of."""

import os
import time
from pathlib import Path

import numpy as np

from services.spellchecker_service.domain.index_files import Arrays, ensure, load, version_of
from services.spellchecker_service.domain.phonetics import Language
from services.spellchecker_service.domain.sources import source_files
from services.spellchecker_service.domain.version import engine_files, engine_version


def _build(_language: Language) -> Arrays:
    return {"numbers": np.arange(3)}


def _unused_for(days: float, folder: Path) -> Path:
    then = time.time() - days * 24 * 3600
    os.utime(folder, (then, then))
    return folder


def test_versions_of_the_code_share_a_place_and_what_nobody_uses_is_removed(tmp_path: Path) -> None:
    other = _unused_for(31, ensure("sv", "one", _build, tmp_path))
    forgotten = _unused_for(31, ensure("en", "one", _build, tmp_path))
    recent = _unused_for(29, ensure("en", "two", _build, tmp_path))
    _unused_for(31, ensure("en", "three", _build, tmp_path))
    used = ensure("en", "three", _build, tmp_path)
    left = tmp_path / "spelling-en-four.4711"
    left.mkdir()

    new = ensure("en", "four", _build, tmp_path)

    assert {folder for folder in tmp_path.iterdir() if folder.is_dir()} == {
        *(new, used, recent, other)
    }
    assert not forgotten.exists()
    assert list(load(new)["numbers"]) == [0, 1, 2]


def test_an_index_that_is_there_is_not_built_again(tmp_path: Path) -> None:
    def never(_language: Language) -> Arrays:
        raise AssertionError

    assert ensure("en", "one", _build, tmp_path) == ensure("en", "one", never, tmp_path)


def test_a_version_changes_with_the_name_and_the_content_of_each_file(tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    seen = set()
    for contents in (("1", "2"), ("1", "3"), ("2", "2"), ("12", "")):
        for file, content in zip(files, contents, strict=True):
            file.write_text(content)
        seen.add(version_of(files))
    seen.add(version_of([files[0].rename(tmp_path / "c"), files[1]]))
    assert len(seen) == 5


def test_an_index_stands_for_the_words_of_all_languages() -> None:
    words = {"en_US.dic", "sv_SE.dic"}
    words |= {f"small_{each}.msgpack.gz" for each in ("de", "es", "fr")}
    others: dict[Language, Language] = {"en": "sv", "sv": "en"}
    for language, other in others.items():
        names = {file.name for file in source_files(language)}
        assert names >= words | {f"large_{language}.msgpack.gz", f"small_{other}.msgpack.gz"}


def test_the_version_stands_for_each_module_and_all_data() -> None:
    modules = {"check.py", "decision.py", "ranking.py", "version.py"}
    assert {file.name for file in engine_files()} >= modules | {"sv_SE.dic", "en_US.aff"}
    assert engine_version() == version_of(engine_files())
