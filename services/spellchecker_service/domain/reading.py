"""A text as the engine reads it: its words, how often each occurs, which are known."""

from collections import Counter
from collections.abc import Collection

from . import contractions
from .index_files import Flag
from .lexicon import Entry, Lexicon
from .ranking import Neighbours
from .swedish_grammar import PASSED_OVER
from .tokens import Token, tokenise

_SURE_NAME = 3.0
_CLAUSE_ENDS = frozenset(",.;:!?")
_SHORTEST_NAME = 3


class Reading:
    def __init__(self, text: str, lexicon: Lexicon, glossary: Collection[str]) -> None:
        self.text = text
        self.lexicon = lexicon
        self.tokens = tokenise(text)
        self.counts = Counter(token.lower for token in self.tokens)
        self.glossary = {
            part.lower().replace("’", "'") for entry in glossary for part in (entry, *entry.split())
        }
        self.meant: dict[str, Entry] = {}
        """What unknown words probably mean, as far as that is clear without their neighbours."""
        self.curly = "’" in text

    def knows(self, token: Token) -> bool:
        """Whether the word may stand as it is, names without their capital excepted."""
        lower = token.lower
        if token.skipped or lower in self.glossary or len(lower) == 1:
            return True
        if self.lexicon.knows(lower):
            return not self.lacks_capital(token)
        base, apostrophe, ending = lower.rpartition("'")
        return bool(apostrophe and ending in {"s", ""} and base) and (
            base in self.glossary or self.lexicon.knows(base)
        )

    def lacks_capital(self, token: Token) -> bool:
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
            word_before = self.tokens[place - 1].lower
            if word_before in PASSED_OVER and place > 1:
                word_before = self.tokens[place - 2].lower
            before = self._spoken(contractions.last_part(word_before))
        if place + 1 < len(self.tokens):
            following = self.tokens[place + 1]
            if self.text[token.end : following.start] == " ":
                word_behind = following.lower
                behind = self._spoken(contractions.first_part(word_behind))
        gap = self.text[self.tokens[place - 1].end : token.start][:2] if place else "."
        return Neighbours(
            before,
            behind,
            word_before,
            word_behind,
            first=gap.strip()[:1] in _CLAUSE_ENDS,
            last=self.text[token.end : token.end + 1] in _CLAUSE_ENDS,
        )

    def _spoken(self, word: str) -> Entry | None:
        return (self.meant.get(word) or self.lexicon.entry(word)) if word else None

    def dressed(self, suggestion: str, token: Token) -> str:
        """`suggestion` with the capital and the apostrophe of the word it replaces."""
        if token.capitalised:
            suggestion = suggestion[0].upper() + suggestion[1:]
        return suggestion.replace("'", "’") if self.curly else suggestion
