"""Swedish words that exist but are not the one meant: `dem är här`, `för och hjälpa`.

There are no counts of Swedish word sequences that could tell, so these are rules for what is always
wrong, and often written.
"""

from collections.abc import Callable
from typing import NamedTuple

from .lexicon import Lexicon
from .reading import Reading
from .swedish_grammar import AUXILIARIES, INFINITIVE, SUBJECTS

_SURE, _LIKELY = 0.95, 0.6
_SPEAKERS = "jag du han hon vi ni man"
_OBJECTS = "mig dig oss honom henne dem"
_PREPOSITIONS = "till med för av hos från mot åt utan bland bakom framför bredvid"
_DETERMINERS = "varje den det de dom en ett min mitt mina din ditt sin sitt sina hans hennes deras"
_CONJUNCTIONS = ". att när om eftersom som innan medan där hur då men så fast tills"
_WAYS = "till från in upp ner ned fram bort ut hem sedan sen tills"
_COMPARED = f"""
{_SPEAKERS} {_OBJECTS} de dom andra alla någonsin vad förut tidigare
vanligt min din hans hennes vår
"""
_COMPARATIVES = """
bättre sämre större mindre äldre yngre mer fler längre kortare högre lägre snabbare starkare svårare
lättare roligare viktigare dyrare billigare snällare tidigare hellre
"""
# Listed, since many a form of a verb is another word too: `för`, `under`, `men`.
_FINITE = """
är var har hade kan kunde ska skall skulle vill ville måste får fick går gick kommer kom gör gjorde
blir blev tycker tyckte tror trodde bor bodde heter vet visste säger sa sade tar tog ser såg finns
börjar började behöver brukar brukade lever jobbar arbetar pratar känner mår tänker åker åkte
hjälper spelar behövde älskar gillar sitter ligger står dör dog äter åt
"""
_SUPINES = """
varit haft gjort sett fått blivit gått kommit sagt tagit bott lärt börjat jobbat arbetat hört läst
skrivit köpt ätit hittat träffat åkt spelat
"""
_EACH = """
och tredje fjärde femte sjätte sjunde åttonde nionde tionde annan annat sin sitt sina . dag kväll
morgon natt vecka månad termin sommar vinter gång timme måndag tisdag onsdag torsdag fredag lördag
söndag
"""
_AUXILIARY = " ".join(sorted(AUXILIARIES - {"har", "hade", "får", "fick"}))

_Suits = Callable[[str, Lexicon], bool]


def _one_of(words: str) -> _Suits:
    listed = frozenset(words.split())
    return lambda word, _: word in listed


def _none_of(words: str) -> _Suits:
    listed = frozenset(words.split())
    return lambda word, _: word not in listed


def _is_infinitive(word: str, lexicon: Lexicon) -> bool:
    return bool(lexicon.entry(word).flags & INFINITIVE)


class _Rule(NamedTuple):
    """What may stand before a word, behind it, and behind that, for it to be wrong.

    `.` is where a sentence begins or ends.
    """

    written: str
    meant: str
    before: _Suits
    behind: _Suits
    then: _Suits = _none_of("")
    sure: float = _SURE


# An object can begin a sentence (`dem har jag sett`), and stand behind `och`.
_NO_SUBJECT = _none_of(" ".join(SUBJECTS))
_RULES = (
    _Rule("dem", "de", _one_of(_CONJUNCTIONS), _one_of(_FINITE), _NO_SUBJECT),
    _Rule("dem", "de", _one_of("och"), _one_of(_FINITE), _NO_SUBJECT, _LIKELY),
    _Rule("de", "dem", _one_of(_PREPOSITIONS), _one_of(".")),
    _Rule("vart", "varit", _one_of("har hade ha"), _none_of(_EACH)),
    _Rule("var", "vara", _one_of(_AUXILIARY), _none_of(_EACH)),
    _Rule("enda", "ända", _none_of(_DETERMINERS), _one_of(_WAYS)),
    _Rule("ända", "enda", _one_of("den det de"), _none_of(f". {_WAYS}")),
    _Rule("en", "än", _one_of(_COMPARATIVES), _one_of(_COMPARED)),
    _Rule("och", "att", _one_of("för"), _is_infinitive),
    _Rule("här", "har", _one_of("jag du han hon"), _one_of(_SUPINES), sure=_LIKELY),
    _Rule("har", "här", _one_of("bor bo är finns jobbar"), _one_of(".")),
    _Rule("år", "är", _one_of(_SPEAKERS), _none_of(".")),
    _Rule("for", "för", _none_of(f"som {_SPEAKERS}"), _one_of(f"att alla {_OBJECTS}")),
)
_OF_WORD: dict[str, list[_Rule]] = {}
for _rule in _RULES:
    _OF_WORD.setdefault(_rule.written, []).append(_rule)


def meant_instead(place: int, read: Reading) -> tuple[list[str], float] | None:
    """What the word at `place` stands for, with the probability; `None` where nothing tells."""
    rules = _OF_WORD.get(read.tokens[place].lower)
    if rules is None:
        return None
    before, behind = read.beside(place, -1), read.beside(place, 1)
    if before is None or behind is None:
        return None
    then = read.beside(place + 1, 1) or ""
    for rule in rules:
        if (
            rule.before(before, read.lexicon)
            and rule.behind(behind, read.lexicon)
            and rule.then(then, read.lexicon)
        ):
            return [rule.meant], rule.sure
    return None
