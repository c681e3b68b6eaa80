"""Other spelling checkers, where they are installed, as the bench sees a checker."""

import re
import shutil
import subprocess
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

_WORD = re.compile(r"[^\W\d_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}][^\W\d_]+)*")

Span = tuple[int, int, list[str], bool]


class _Peer:
    """A checker that judges one word at a time, each word once."""

    name = ""

    def __init__(self) -> None:
        self._seen: dict[str, list[str]] = {}

    def suggestions(self, word: str) -> list[str]:
        """The best first; none if the word is right or nothing comes to mind."""
        if word not in self._seen:
            self._seen[word] = self._ask(word)
        return self._seen[word]

    def _ask(self, word: str) -> list[str]:
        raise NotImplementedError

    def spans(self, text: str) -> list[Span]:
        found = []
        for match in _WORD.finditer(text):
            suggestions = self.suggestions(match.group())
            if suggestions and suggestions[0].lower() != match.group().lower():
                found.append((match.start(), match.end(), suggestions, True))
        return found


class _SymSpell(_Peer):
    name = "symspellpy"

    def __init__(self, language: str) -> None:
        super().__init__()
        from symspellpy import SymSpell  # noqa: PLC0415 -- only where it is measured

        from services.spellchecker_service.domain import sources  # noqa: PLC0415 -- as above

        self._checker: Any = SymSpell()
        if language == "en":
            path = files("symspellpy") / "frequency_dictionary_en_82_765.txt"
            self._checker.load_dictionary(str(path), 0, 1)
        else:
            for word, zipf in sources.frequencies("sv").items():
                self._checker.create_dictionary_entry(word, int(10**zipf))

    def _ask(self, word: str) -> list[str]:
        from symspellpy import Verbosity  # noqa: PLC0415 -- only where it is measured

        found = self._checker.lookup(word.lower(), Verbosity.CLOSEST, max_edit_distance=2)
        return [each.term for each in found[:5]]


class _PySpellChecker(_Peer):
    name = "pyspellchecker"

    def __init__(self, language: str) -> None:
        super().__init__()
        from spellchecker import SpellChecker  # noqa: PLC0415 -- only where it is measured

        self._checker: Any = SpellChecker(language=language)

    def _ask(self, word: str) -> list[str]:
        if word.lower() in self._checker:
            return []
        best = self._checker.correction(word.lower())
        return [best] if best else []


class _Aspell(_Peer):
    name = "aspell"

    def __init__(self, language: str, program: str) -> None:
        super().__init__()
        command = [program, "-a", "--lang", language, "--encoding", "utf-8"]
        self._process = subprocess.Popen(  # noqa: S603 -- the program found on the path
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self._answer()

    def _answer(self) -> str:
        return self._process.stdout.readline() if self._process.stdout else ""

    def _ask(self, word: str) -> list[str]:
        if self._process.stdin is None:
            return []
        self._process.stdin.write(f"^{word}\n")
        self._process.stdin.flush()
        found: list[str] = []
        while (line := self._answer().strip()) and not self._process.poll():
            if line.startswith("&"):
                found = found or line.split(": ", 1)[1].split(", ")[:5]
        return found


def _speaks(program: str, language: str) -> bool:
    listed = subprocess.run([program, "dicts"], capture_output=True, text=True, check=False)  # noqa: S603 -- found on the path
    return language in listed.stdout.split()


def installed(language: str) -> list[_Peer]:
    """Those that are here and know the language."""
    found: list[_Peer] = [_SymSpell(language)] if find_spec("symspellpy") else []
    if language == "en" and find_spec("spellchecker"):
        found.append(_PySpellChecker(language))
    program = shutil.which("aspell")
    if program and _speaks(program, language):
        found.append(_Aspell(language, program))
    return found
