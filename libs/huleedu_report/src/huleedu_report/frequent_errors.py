"""What a class misspelt, most frequent first: the list for the next lesson."""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from huleedu_report.results import Correction, FrequentError
from huleedu_report.table import cell

_COLUMNS = ("written", "meant", "kind", "count", "essays")


def frequent_errors(essays: Iterable[Sequence[Correction]]) -> list[FrequentError]:
    """Count the corrections of a class set, given essay by essay.

    Capitals at the beginning of a sentence do not tell errors apart, except where the capital is
    the error. Give only what was put into the corrected texts: a doubtful mark is nothing to teach.
    """
    forms: dict[tuple[str, str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    seen_in: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for number, corrections in enumerate(essays):
        for correction in corrections:
            if not correction["suggestions"]:
                continue
            written, meant = (_plain(correction["original"]), _plain(correction["suggestions"][0]))
            kind = correction.get("kind", "spelling")
            alike = (written, meant) if kind == "capital" else (written.lower(), meant.lower())
            forms[*alike, kind][written, meant] += 1
            seen_in[*alike, kind].add(number)
    errors = [
        _entry(_shown(ways), key[2], ways.total(), len(seen_in[key])) for key, ways in forms.items()
    ]
    return sorted(errors, key=lambda each: (-each["count"], -each["essays"], each["written"]))


def errors_csv(errors: Iterable[FrequentError]) -> str:
    """One line per error, most frequent first; comma-separated, with a header."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for each in errors:
        row = (each["written"], each["meant"], each["kind"], each["count"], each["essays"])
        writer.writerow([cell(value) for value in row])
    return out.getvalue()


def _plain(words: str) -> str:
    return words.replace("’", "'")


def _shown(ways: Counter[tuple[str, str]]) -> tuple[str, str]:
    """Without the capital of a sentence's beginning where it ever stood without; else as often."""
    return min(ways, key=lambda way: (way[0] != way[0].lower(), -ways[way], way))


def _entry(way: tuple[str, str], kind: str, count: int, essays: int) -> FrequentError:
    return {"written": way[0], "meant": way[1], "kind": kind, "count": count, "essays": essays}
