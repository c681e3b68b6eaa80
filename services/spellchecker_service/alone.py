"""The engine without the services: files and JSON lines in, corrections out.

A line of input is `{"id", "set", "lang", "kind": "ctx", "text"}`, or, for one word that is known
to be wrong, `{"id", "set", "lang", "kind": "iso", "word"}`. A line of output has the same `id` and
`set`, with `corrections` (spans in code points) or `suggestions`.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

from services.spellchecker_service.domain import Correction, Language, apply, check, suggest

_RED, _YELLOW, _GREEN, _PLAIN = "\033[31m", "\033[33m", "\033[32m", "\033[0m"


class BadInputError(ValueError):
    """A line or file that cannot be checked; the message says which and why."""


def read_glossary(path: Path) -> list[str]:
    """One entry a line; empty lines and lines that begin with `#` are left out."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def as_dict(correction: Correction) -> dict[str, Any]:
    """A correction for JSON; `apply` says whether the first suggestion goes into the text."""
    record = asdict(correction)
    record["suggestions"] = list(correction.suggestions)
    record["apply"] = record.pop("applied")
    return record


def check_text(text: str, language: Language, glossary: Collection[str] = ()) -> dict[str, Any]:
    """All there is to say of a text: its corrections, the corrected text, the time it took."""
    began = perf_counter()
    found = check(text, language, glossary)
    return {
        "language": language,
        "corrections": [as_dict(each) for each in found],
        "corrected_text": apply(text, found),
        "ms": round((perf_counter() - began) * 1000, 3),
    }


def check_lines(
    lines: Iterable[str], language: Language | None = None, glossary: Collection[str] = ()
) -> Iterator[str]:
    """Predictions for lines of input; `lang` in a line goes before `language`."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield json.dumps(_predict(number, line, language, glossary), ensure_ascii=False)


def _predict(
    number: int, line: str, language: Language | None, glossary: Collection[str]
) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadInputError(f"line {number} is not JSON: {error.msg}") from error
    if not isinstance(record, dict):
        raise BadInputError(f"line {number} is not a JSON object")
    chosen = record.get("lang", language)
    if chosen is None:
        raise BadInputError(f"line {number} has no lang, and no language is given")
    if chosen not in {"en", "sv"}:
        raise BadInputError(f"line {number} has the unknown language {chosen!r}")
    same = {key: record[key] for key in ("id", "set") if key in record}
    if isinstance(record.get("word"), str):
        return {**same, "suggestions": list(suggest(record["word"], chosen))}
    if not isinstance(record.get("text"), str):
        raise BadInputError(f"line {number} has neither a text nor a word")
    result = check_text(record["text"], chosen, glossary)
    return {**same, "corrections": result["corrections"], "ms": result["ms"]}


def marked(text: str, corrections: Iterable[Correction], *, colour: bool) -> str:
    """`text` with its corrections in place: `[-teh-]{+the+}` if applied, `[?wether: …?]` if not."""
    pieces: list[str] = []
    reached = 0
    for each in sorted(corrections, key=lambda found: found.start):
        pieces += [text[reached : each.start], _mark(each, colour=colour)]
        reached = each.end
    return "".join([*pieces, text[reached:]])


def _mark(correction: Correction, *, colour: bool) -> str:
    if correction.applied:
        removed, added = f"[-{correction.original}-]", f"{{+{correction.suggestions[0]}+}}"
        return f"{_RED}{removed}{_PLAIN}{_GREEN}{added}{_PLAIN}" if colour else removed + added
    meant = f": {', '.join(correction.suggestions)}" if correction.suggestions else ""
    guess = f"[?{correction.original}{meant}?]"
    return f"{_YELLOW}{guess}{_PLAIN}" if colour else guess
