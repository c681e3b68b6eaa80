"""Measure spelling on annotated texts, beside other checkers where they are installed.

Data are JSON lines. Running text: `{"id", "lang", "set", "text", "tokens": [{"s", "e", "t", "type",
"gold"}]}` with `type` one of ok, nonword, realword, split, ignore. Single words:
`{"id", "lang", "set", "misspelling", "corrections"}`. Comparison ignores case and the apostrophe's
shape; a correction that touches an error counts as its detection, one that touches only correct
words is a false one.

`--half` measures on one half of the data, to tune on `dev` and to report `held-out`. Documents are
not divided where the ids tell them, `name-12` being a part of `name`; single words and collections
of unconnected sentences are divided one by one.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from scripts.bench import _peers
from services.spellchecker_service.domain import Language, check, suggest, warm_up
from services.spellchecker_service.domain.phonetics import LANGUAGES

Record = dict[str, Any]
Span = tuple[int, int, list[str], bool]
_ERRORS = frozenset({"nonword", "split", "realword"})


class Ours:
    """The engine of this repository, as the bench sees any checker."""

    name = "huleedu"

    def __init__(self, language: Language) -> None:
        self.language = language
        warm_up(language)

    def spans(self, text: str) -> list[Span]:
        return [
            (found.start, found.end, list(found.suggestions), found.applied)
            for found in check(text, self.language)
        ]

    def suggestions(self, word: str) -> list[str]:
        return list(suggest(word, self.language))


def _same(text: str) -> str:
    return text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").casefold().strip()


_UNCONNECTED = re.compile(r"iso_|ctx_sv_|ctx_en_(?:jfleg|pud)")
_PART = re.compile(r"[-_]?\d+$")
_TOGETHER = 8
"""So many neighbouring passages of Holbrook are one document: they have no names."""


def _half(path: Path, identity: str) -> str:
    document = identity if _UNCONNECTED.match(path.name) else _PART.sub("", identity)
    if "holbrook" in path.name:
        document = f"h{int(identity.split('-')[2]) // _TOGETHER}"
    first = hashlib.md5((path.name + document).encode(), usedforsecurity=False).digest()[0]
    return "held-out" if first & 1 else "dev"


def _read(paths: Iterable[Path], language: str, half: str | None) -> dict[str, list[Record]]:
    sets: dict[str, list[Record]] = defaultdict(list)
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if record["lang"] == language and half in {None, _half(path, record["id"])}:
                sets[record["set"]].append(record)
    return sets


def _put_in(text: str, token: Record, span: Span) -> str:
    start, end, suggestions, _ = span
    if token["s"] <= start and end <= token["e"]:
        return _same(text[token["s"] : start] + suggestions[0] + text[end : token["e"]])
    return _same(suggestions[0])


def _count(record: Record, spans: list[Span]) -> Counter[str]:
    """What a checker did to one text."""
    count: Counter[str] = Counter()
    touched: dict[int, Span] = {}
    text, tokens = record["text"], record["tokens"]
    reached = 0
    for span in spans:
        start, end, suggestions, applied = span
        if not reached <= start < end <= len(text):
            count["bad"] += 1
            continue
        reached = end
        inside = [n for n, each in enumerate(tokens) if each["s"] < end and each["e"] > start]
        touched |= dict.fromkeys(inside, span)
        types = {tokens[number]["type"] for number in inside}
        if "ok" in types and not types & _ERRORS:
            changes = bool(suggestions) and _same(suggestions[0]) != _same(text[start:end])
            count["false"] += applied and changes
            count["false marks"] += not applied
            named = tokens[inside[0]]["s"] > 0 and text[start].isupper()
            count["false marks on names"] += named
    for number, token in enumerate(tokens):
        kind = token["type"]
        if kind == "ok":
            count["ok"] += 1
            count["names"] += token["s"] > 0 and token["t"][:1].isupper()
        if kind not in _ERRORS:
            continue
        count[kind] += 1
        hit = touched.get(number)
        if hit and hit[2] and hit[3]:
            right = _put_in(text, token, hit) in {_same(each) for each in token["gold"]}
            count["right " + kind if right else "wrong"] += 1
    return count


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _texts(checker: Any, records: list[Record]) -> Record:
    count: Counter[str] = Counter()
    began = time.process_time()
    spans = [checker.spans(record["text"]) for record in records]
    seconds = time.process_time() - began
    for record, found in zip(records, spans, strict=True):
        count += _count(record, found)
    right = count["right nonword"] + count["right split"]
    errors = count["nonword"] + count["split"]
    precision = _share(right, right + count["wrong"] + count["false"])
    recall = _share(right, errors)
    everything = errors + count["realword"]
    removed = right + count["right realword"] - count["false"]
    words = sum(len(record["text"].split()) for record in records)
    return {
        "errors": everything,
        "F0.5": _share(1.25 * precision * recall, 0.25 * precision + recall),
        "removed": _share(removed, everything),
        "false/1000": 1000 * _share(count["false"], count["ok"]),
        "marks/1000": 1000 * _share(count["false marks"], count["ok"]),
        "names/1000": 1000 * _share(count["false marks on names"], count["names"]),
        "bad spans": count["bad"],
        "words/s": round(_share(words, seconds)),
    }


def _words(checker: Any, records: list[Record]) -> Record:
    first = among = 0
    began = time.process_time()
    for record in records:
        meant = {_same(each) for each in record["corrections"]}
        found = [_same(each) for each in checker.suggestions(record["misspelling"])[:5]]
        first += bool(found) and found[0] in meant
        among += not meant.isdisjoint(found)
    seconds = time.process_time() - began
    return {
        "words": len(records),
        "first": first / len(records),
        "among 5": among / len(records),
        "ms/word": 1000 * seconds / len(records),
    }


def _table(rows: dict[str, Record]) -> None:
    heads = list(next(iter(rows.values())))
    print(f"{'':34}" + "".join(f"{head:>12}" for head in heads))
    for name, row in rows.items():
        cells = (
            f"{each:12.3f}" if isinstance(each, float) else f"{each:12}" for each in row.values()
        )
        print(f"{name:34}" + "".join(cells))


def _start_and_memory() -> None:
    """In a process of its own: how long both languages take to be ready, and what it holds."""
    for language in LANGUAGES:
        warm_up(language)  # builds the index if there is none: not what is measured
    own = "from scripts.bench import spelling; spelling.report_start()"
    subprocess.run([sys.executable, "-c", own], check=True)  # noqa: S603 -- our own interpreter


def report_start() -> None:
    began = time.perf_counter()
    for language in LANGUAGES:
        warm_up(language)
    ready = time.perf_counter() - began
    essay = "The pupils wrote about ther holidays, and most of them beleived in it. " * 39
    check(essay, "en")
    began = time.perf_counter()
    check(essay, "en")
    took = 1000 * (time.perf_counter() - began)
    print(f"both languages ready in {ready:.2f} s; 500 words in {took:.1f} ms")
    smaps = Path("/proc/self/smaps_rollup")
    if smaps.exists():
        size = {
            name: int(rest[0]) / 1000
            for name, *rest in map(str.split, smaps.read_text(encoding="ascii").splitlines()[1:])
        }
        print(
            f"memory: {size['Anonymous:']:.0f} MB of its own,"
            f" {size['Rss:']:.0f} MB with indexes and libraries, which all workers share"
        )


def _measure(checkers: list[Any], sets: dict[str, list[Record]]) -> None:
    measures: tuple[tuple[str, Callable[[Any, list[Record]], Record]], ...] = (
        ("text", _texts),
        ("misspelling", _words),
    )
    for field, measure in measures:
        rows = {
            f"{name} · {checker.name}": measure(checker, records)
            for name, records in sorted(sets.items())
            if field in records[0]
            for checker in checkers
        }
        if rows:
            _table(rows)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench spelling", description=__doc__)
    parser.add_argument(
        "data", type=Path, nargs="*", help="files of JSON lines, or folders of them"
    )
    parser.add_argument("--peers", action="store_true", help="also measure what else is installed")
    parser.add_argument("--half", choices=("dev", "held-out"), help="half of the data only")
    given = parser.parse_args(arguments)
    files = [
        file
        for path in given.data
        for file in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])
    ]
    _start_and_memory()
    for language in LANGUAGES:
        sets = _read(files, language, given.half)
        if sets:
            peers = _peers.installed(language) if given.peers else []
            _measure([Ours(language), *peers], sets)
