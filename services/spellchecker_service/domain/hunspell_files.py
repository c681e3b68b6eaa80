"""Every word form that a Hunspell dictionary accepts, with what it may do in a compound.

Only what the dictionaries in use need is read: suffixes with one continuation, prefixes, their
cross product, and the flags for compounds, forbidden words and words that only exist affixed.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_LONGEST_CONDITION = 6


class Form(NamedTuple):
    """`flags` are those of the stem, or of the suffix when `suffix` is not empty."""

    text: str
    flags: str
    suffix: str


@dataclass(frozen=True)
class Affix:
    strip: str
    add: str
    flags: str
    condition: re.Pattern[str]
    crosses: bool


@dataclass
class Affixes:
    suffixes: dict[str, list[Affix]] = field(default_factory=lambda: defaultdict(list))
    prefixes: dict[str, list[Affix]] = field(default_factory=lambda: defaultdict(list))
    options: dict[str, str] = field(default_factory=dict)

    def flag(self, option: str) -> str:
        """The letter that stands for `option`, or a character that is never a flag."""
        return self.options.get(option, "\0")


def read_affixes(path: Path) -> Affixes:
    affixes = Affixes()
    crossing: dict[tuple[str, str], bool] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        parts = line.split()
        if len(parts) < 2 or line.startswith("#"):  # noqa: PLR2004 -- an option and its value
            continue
        kind, flag = parts[0], parts[1]
        if kind not in {"SFX", "PFX"}:
            affixes.options.setdefault(kind, flag)
        elif (kind, flag) not in crossing:
            crossing[kind, flag] = parts[2] == "Y"
        else:
            strip = "" if parts[2] == "0" else parts[2]
            add, _, flags = parts[3].partition("/")
            condition = parts[4] if len(parts) > 4 else "."  # noqa: PLR2004 -- the fifth field
            anchored = f"(?:{condition})$" if kind == "SFX" else f"^(?:{condition})"
            table = affixes.suffixes if kind == "SFX" else affixes.prefixes
            table[flag].append(
                Affix(
                    strip,
                    "" if add == "0" else add,
                    flags,
                    re.compile(anchored),
                    crossing[kind, flag],
                )
            )
    return affixes


def read_stems(path: Path) -> Iterator[tuple[str, str]]:
    """Each stem of the dictionary with its flags."""
    with path.open(encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            entry = line.split("\t", 1)[0].strip()
            stem, _, flags = entry.partition("/")
            if stem:
                yield stem, flags.split(" ", 1)[0]


def expand(affixes: Affixes, stem: str, flags: str, memory: dict[str, list[Affix]]) -> list[Form]:
    """The forms of one stem. `memory` remembers which suffixes fit which ending."""
    forms = [Form(stem, flags, "")]
    ending = stem[-_LONGEST_CONDITION:]
    crossing: list[str] = []
    for flag in flags:
        if flag in affixes.suffixes:
            key = flag + ending
            fitting = memory.get(key)
            if fitting is None:
                fitting = memory[key] = [
                    rule
                    for rule in affixes.suffixes[flag]
                    if rule.condition.search(ending) and ending.endswith(rule.strip)
                ]
            for rule in fitting:
                text = (stem[: -len(rule.strip)] if rule.strip else stem) + rule.add
                forms.append(Form(text, rule.flags, flag))
                if rule.crosses:
                    crossing.append(text)
    for flag in flags:
        for rule in affixes.prefixes.get(flag, ()):
            if rule.condition.search(stem):
                forms.append(Form(rule.add + stem[len(rule.strip) :], rule.flags, flag))
                if rule.crosses:
                    forms += [
                        Form(rule.add + text[len(rule.strip) :], rule.flags, flag)
                        for text in crossing
                        if rule.condition.search(text)
                    ]
    return forms
