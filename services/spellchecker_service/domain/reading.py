"""A text as the engine reads it: its words, how often each occurs, which are known."""

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from .index_files import Flag
from .language_model import END_KEY, START_KEY, Context
from .lexicon import Entry, Lexicon
from .misspelt_compounds import MeantCompound
from .passages import without_foreign
from .swedish_grammar import AUXILIARIES, PASSED_OVER, SUBJECTS
from .tokens import Token, tokenise
from .word_sequences import EDGE, SENTENCE_ENDS

_SURE_NAME = 3.0
_RATHER_FOREIGN = 1.0
"""So much more frequent is a word in its own language than a name that is spelt like it."""
_CLAUSE_ENDS = SENTENCE_ENDS | {","}
_SHORTEST_NAME = 3
_CONTEXT = 2
_PRONOUNS = """
anybody anyone everybody everyone everything here how nobody nothing somebody someone something that
there these this those what when where who why
"""
_CONTRACTING = frozenset(_PRONOUNS.split())
"""Words that `would`, `will`, `are` and `have` are joined to."""
_CONTRACTED = frozenset({"d", "ll", "re", "ve"})
_ENDINGS = {"en": frozenset({"", "s"}), "sv": frozenset({"", "s", "n", "na"})}
"""What any word may have behind an apostrophe: `läraren's`, `sett'n`."""
_CUT_IN_FRONT = """
bout cause cos em gainst im kay neath round til tis twas twasn't twere twill twould
"""
_WITHOUT_BEGINNING = frozenset(_CUT_IN_FRONT.split())
"""What is written with an apostrophe for what is left out of it: `'tis`."""
_WITHOUT_END = frozenset({"lil", "ol"})
_APOSTROPHES = frozenset("'‘’")


class Neighbours(NamedTuple):
    """The known words before and behind a place, where nothing but space is between."""

    before: Entry | None
    behind: Entry | None
    word_before: str
    word_behind: str


class Reading:
    def __init__(self, text: str, lexicon: Lexicon, glossary: Collection[str]) -> None:
        self.text = text
        self.lexicon = lexicon
        self.tokens = without_foreign(tokenise(text), lexicon)
        self.counts = Counter(token.lower for token in self.tokens)
        self.glossary = {
            part.lower().replace("’", "'") for entry in glossary for part in (entry, *entry.split())
        }
        self.meant: dict[str, Entry] = {}
        """What unknown words probably mean, as far as that is clear without their neighbours."""
        self.compounds: dict[str, list[MeantCompound]] = {}
        self.instead: dict[str, list[tuple[float, str]]] = {}
        """The usual words that a rare one may stand for, with their scores."""
        self.misspelt = 0
        """How many unknown words are taken for misspellings."""
        self.curly = "’" in text
        self.unlike = 0
        """`Flag.BRITISH` or `Flag.AMERICAN` if the text uses rather the other spellings."""

    def knows(self, token: Token) -> bool:
        """Whether the word may stand as it is, names without their capital excepted."""
        lower = token.lower
        if token.skipped or lower in self.glossary or len(lower) == 1:
            return True
        if self.lexicon.knows(lower):
            return not self._is_name_in_lower_case(token)
        if self._is_foreign_name(token) or self._is_contracted(lower):
            return True
        return self.lexicon.language == "en" and self._is_cut(token)

    def _is_contracted(self, word: str) -> bool:
        """Whether what is before and behind the last apostrophe is right: `who'd`, `they'd've`."""
        base, apostrophe, ending = word.rpartition("'")
        if base in _CONTRACTING and ending in _CONTRACTED:
            return True
        if ending == "ve" and base.endswith(("n't", "'d")):
            return self.lexicon.knows(base)
        return bool(apostrophe and ending in _ENDINGS[self.lexicon.language] and base) and (
            base in self.glossary or self.lexicon.knows(base)
        )

    def _is_cut(self, token: Token) -> bool:
        """Whether an apostrophe tells that letters are left out on purpose: `goin'`, `'tis`."""
        if self.text[token.end : token.end + 1] in _APOSTROPHES:
            ing = token.lower.endswith("in") and self.lexicon.knows(token.lower + "g")
            return ing or token.lower in _WITHOUT_END
        in_front = self.text[token.start - 1 : token.start]
        return in_front in _APOSTROPHES and token.lower in _WITHOUT_BEGINNING

    def _is_foreign_name(self, token: Token) -> bool:
        """Whether it is a name with letters that English lacks: `Musée`, `Malmö`."""
        is_name = token.capitalised and not token.opens_sentence
        return is_name and self.lexicon.language == "en" and not token.lower.isascii()

    def lacks_capital(self, token: Token) -> bool:
        """Whether it is a name without its capital, and no word of the other language: `news`."""
        known, word = self.lexicon, token.lower
        return self._is_name_in_lower_case(token) and not (
            known.is_foreign_word(word)
            and known.foreign(word)[0] > known.entry(word).zipf + _RATHER_FOREIGN
        )

    def _is_name_in_lower_case(self, token: Token) -> bool:
        """Whether the dictionary has the word with a capital only, and the text has it without."""
        if token.capitalised or len(token.lower) < _SHORTEST_NAME:
            return False
        entry = self.lexicon.entry(token.lower)
        if entry.flags & Flag.VALID or entry.number < 0 or entry.zipf < _SURE_NAME:
            return False
        shown = self.lexicon.shown(entry.number)
        return shown[0].isupper() and shown[1:].islower()

    def neighbours(self, place: int) -> Neighbours:
        before = behind = None
        word_before = word_behind = ""
        token = self.tokens[place]
        if place and self.text[self.tokens[place - 1].end : token.start] == " ":
            word_before = self.tokens[self._demanding(place)].lower
            before = self.lexicon.entry(word_before)
        if place + 1 < len(self.tokens):
            following = self.tokens[place + 1]
            if self.text[token.end : following.start] == " ":
                word_behind = following.lower
                behind = self.lexicon.entry(word_behind)
        return Neighbours(before, behind, word_before, word_behind)

    def _demanding(self, place: int) -> int:
        """The place of the word before that demands a form: `har alltid sett`, `kan han se`."""
        before = place - 1
        if before and self.tokens[before].lower in PASSED_OVER:
            before -= 1
        if (
            before
            and self.tokens[before].lower in SUBJECTS
            and self.tokens[before - 1].lower in AUXILIARIES
        ):
            before -= 1
        return before

    def context(self, place: int) -> Context:
        """The English words around a place as the language model knows them, commas left out."""
        before: list[int] = []
        behind: list[int] = []
        if len(self.tokens) == 1:
            return Context((), ())
        for keys, step, edge in ((before, -1, START_KEY), (behind, 1, END_KEY)):
            at = place
            while len(keys) < _CONTEXT and keys[-1:] != [edge]:
                key = edge if self._ends(at, step) else self._following(at, step)
                if key is None:
                    break
                keys.append(key)
                at += step
        return Context(tuple(reversed(before)), tuple(behind))

    def around(self, place: int, step: int) -> list[str]:
        """Up to two words on one side, the nearest first, as `beside` tells them."""
        found: list[str] = []
        while len(found) < _CONTEXT and found[-1:] != [EDGE]:
            word = self.beside(place + step * len(found), step)
            if word is None:
                break
            found.append(word)
        return found

    def beside(self, place: int, step: int) -> str | None:
        """The next word, `.` where a sentence ends, `None` if anything else stands between."""
        if not 0 <= place + step < len(self.tokens):
            return EDGE
        gap = self._gap(place, step)
        if gap == " ":
            return self.tokens[place + step].lower
        return EDGE if not SENTENCE_ENDS.isdisjoint(gap) else None

    def _gap(self, place: int, step: int) -> str:
        """What stands between the word at `place` and the one before it or behind it."""
        first, second = (place - 1, place) if step < 0 else (place, place + 1)
        start = self.tokens[first].end if first >= 0 else 0
        return self.text[start : self.tokens[second].start if second < len(self.tokens) else None]

    def _ends(self, place: int, step: int) -> bool:
        """Whether a sentence, or the text, ends there, or a clause behind the word.

        What stands before a comma can end a sentence too.
        """
        ends = SENTENCE_ENDS if step < 0 else _CLAUSE_ENDS
        return not 0 <= place + step < len(self.tokens) or not ends.isdisjoint(
            self._gap(place, step)
        )

    def _following(self, place: int, step: int) -> int | None:
        gap = self._gap(place, step)
        if "\n" in gap or gap.strip() not in {"", ","}:
            return None  # a line ends where a sentence does, or anywhere
        word = self.tokens[place + step].lower
        entry = self.meant.get(word) or self.lexicon.entry(word)
        return entry.key if self.lexicon.model.knows(entry.key) else None

    def dressed(self, suggestion: str, token: Token) -> str:
        """`suggestion` with the capital and the apostrophe of the word it replaces."""
        if token.capitalised:
            suggestion = suggestion[0].upper() + suggestion[1:]
        return suggestion.replace("'", "’") if self.curly else suggestion
