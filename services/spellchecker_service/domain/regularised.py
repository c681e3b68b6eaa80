"""Forms that follow the rule where the language does not, as learners make them: `choosed`."""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from .index_files import Flag
from .lexicon import Entry, Lexicon
from .phonetics import Language
from .swedish_grammar import is_neuter_noun

_ENGLISH_VERBS = """
become became become; begin began begun; bite bit bitten; blow blew blown; break broke broken; bring
brought; build built; buy bought; catch caught; choose chose chosen; come came come; cost cost; cut
cut; deal dealt; dig dug; do did done; draw drew drawn; drink drank drunk; drive drove driven; eat
ate eaten; fall fell fallen; feed fed; feel felt; fight fought; find found; fly flew flown; forget
forgot forgotten; forgive forgave forgiven; freeze froze frozen; get got; give gave given; go went
gone; grow grew grown; have had; hear heard; hide hid hidden; hit hit; hold held; hurt hurt; keep
kept; know knew known; lead led; leave left; lend lent; let let; lose lost; make made; mean meant;
meet met; overcome overcame overcome; pay paid; put put; ride rode ridden; ring rang rung; rise rose
risen; run ran run; say said; see saw seen; seek sought; sell sold; send sent; set set; shake shook
shaken; shine shone; shoot shot; shut shut; sing sang sung; sink sank sunk; sit sat; sleep slept;
slide slid; speak spoke spoken; spend spent; spread spread; stand stood; steal stole stolen; stick
stuck; strike struck; swear swore sworn; sweep swept; swim swam swum; swing swung; take took taken;
teach taught; tear tore torn; tell told; think thought; throw threw thrown; understand understood;
wake woke woken; wear wore worn; weep wept; win won; write wrote written
"""
"""Infinitive, past tense, and the past participle where it is another."""
_ENGLISH_PLURALS = """
child children; man men; woman women; foot feet; tooth teeth; mouse mice; goose geese; life lives;
wife wives; knife knives; half halves; leaf leaves; shelf shelves; thief thieves; wolf wolves; sheep
sheep; deer deer; furniture furniture
"""
_ENGLISH_ADJECTIVES = "good better best; bad worse worst; worse worse worst; far further furthest"
_SWEDISH_VERBS = """
be bad bett; binda band bundit; bita bet bitit; bjuda bjöd bjudit; bli blev blivit; brinna brann
brunnit; brista brast brustit; bryta bröt brutit; bära bar burit; dra drog dragit; dricka drack
druckit; dyka dök dykt; falla föll fallit; finna fann funnit; flyga flög flugit; flyta flöt flutit;
frysa frös frusit; få fick fått; försvinna försvann försvunnit; förstå förstod förstått; ge gav
gett; gripa grep gripit; gråta grät gråtit; gå gick gått; gömma gömde gömt; göra gjorde gjort; heta
hette hetat; hinna hann hunnit; hugga högg huggit; hålla höll hållit; knyta knöt knutit; komma kom
kommit; krypa kröp krupit; le log lett; ligga låg legat; lida led lidit; ljuga ljög ljugit; låta lät
låtit; lägga lade lagt; njuta njöt njutit; se såg sett; sitta satt suttit; sjunga sjöng sjungit;
sjunka sjönk sjunkit; skina sken skinit; skjuta sköt skjutit; skrika skrek skrikit; skriva skrev
skrivit; skära skar skurit; slippa slapp sluppit; slå slog slagit; slåss slogs slagits; smita smet
smitit; sova sov sovit; sprida spred spridit; springa sprang sprungit; spricka sprack spruckit;
sticka stack stuckit; stiga steg stigit; stinka stank stunkit; stjäla stal stulit; stryka strök
strukit; stå stod stått; supa söp supit; suga sög sugit; svida sved svidit; svika svek svikit; säga
sade sagt; sälja sålde sålt; sätta satte satt; ta tog tagit; tiga teg tigit; tvinga tvang tvingat;
veta visste vetat; vika vek vikit; vilja ville velat; vill ville velat; kunna kunde kunnat; skull
skulle skolat; vinna vann vunnit; vrida vred vridit; välja valde valt; vänja vande vant; växa växte
vuxit; äta åt ätit; bestå bestod bestått; erbjuda erbjöd erbjudit; uppleva upplevde upplevt
"""
"""Infinitive or what is taken for the stem, past tense, supine."""
_SWEDISH_PRESENTS = """
ber blir bär drar far får ger går gör hör kan mår måste når ser skär slår står tar tror vet vill
"""
"""Not those that a noun is as near to: `lärer` and `dörer` are rather teachers and doors."""
_SWEDISH_ADJECTIVES = """
bra bättre bäst; gammal äldre äldst; grov grövre grövst; hög högre högst; lång längre längst; låg
lägre lägst; många fler flest; nära närmare närmast; stor större störst; trång trängre trängst; tung
tyngre tyngst; ung yngre yngst
"""
_SWEDISH_PLURALS = """
man män; syster systrar; fot fötter; bok böcker; hand händer; natt nätter; stad städer; tand tänder;
dotter döttrar; öga ögon; öra öron
"""

_SWEDISH_CONJUNCTIONS = (("förens", "förrens", "förän", "förren"), ("förrän",))
"""Written as if it were `före` or a word in `-en`."""


def _entries(table: str) -> list[list[str]]:
    return [entry.split() for entry in table.replace("\n", " ").split(";") if entry.strip()]


def _english() -> Iterable[tuple[Iterable[str], Iterable[str]]]:
    """What learners write, and what it may be meant to be."""
    for verb, *meant in _entries(_ENGLISH_VERBS):
        stem = verb.removesuffix("e")
        yield (stem + "ed", stem + stem[-1] + "ed"), meant
    for noun, plural in _entries(_ENGLISH_PLURALS):
        yield (noun + "s", plural + "s"), (plural,)
    for base, more, most in _entries(_ENGLISH_ADJECTIVES):
        stem = base.removesuffix("e")
        yield (stem + "er", stem + stem[-1] + "er"), (more,)
        yield (stem + "est", stem + stem[-1] + "est"), (most,)


def _swedish() -> Iterable[tuple[Iterable[str], Iterable[str]]]:
    for verb, past, supine in _entries(_SWEDISH_VERBS):
        is_short = len(verb) <= 2  # noqa: PLR2004 -- `ta`, `be`
        stem = verb if is_short else verb.removesuffix("a")
        yield (stem + ending for ending in ("de", "dde", "te", "ade", "tte")), (past,)
        if not is_short:
            yield (stem + "at", stem + "it", stem + "t"), (supine,)
    for present in _SWEDISH_PRESENTS.split():
        stem = present.removesuffix("r")
        yield (present + "er", present + "ar", present + "r", stem + "er", stem + "ar"), (present,)
    for base, more, most in _entries(_SWEDISH_ADJECTIVES):
        stem = base.removesuffix("a")
        yield (stem + "are", base + "are"), (more,)
        yield (stem + "ast", base + "ast"), (most,)
        yield (stem + "aste", base + "aste"), (most + "a", most + "e")
    for noun, plural in _entries(_SWEDISH_PLURALS):
        stem = noun.removesuffix("a")
        yield (stem + ending for ending in ("ar", "er", "or")), (plural,)
    yield _SWEDISH_CONJUNCTIONS


@cache
def _irregular(language: Language) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for written, meant in _english() if language == "en" else _swedish():
        for each in written:
            table.setdefault(each, []).extend(meant)
    return table


_ENDINGS = {
    "en": (
        (re.compile(r"([^aeiou])ys$"), r"\1ies"),
        (re.compile(r"([^aeiou])yed$"), r"\1ied"),
        (re.compile(r"(.{2}[^aeiou])eing$"), r"\1ing"),
        (re.compile(r"(.{2})in$"), r"\1ing"),
        (re.compile(r"(.[kps]|.[cs]h)t$"), r"\1ed"),
        (re.compile(r"([^aeiou][aeiou])pt$"), r"\1pped"),
    ),
    "sv": (
        (re.compile(r"(.{2}[^aeiouyåäö])[td]e$"), r"\1ade"),
        (re.compile(r"(.[^aeiouyåäö])e([lnr])(a|ar|arna|are|ast|aste)$"), r"\1\2\3"),
    ),
}
_PLURAL = re.compile(r"(.{2,})(?:er|ar|or)(na)?")


def meant_by(word: str, known: Lexicon) -> list[Entry]:
    """The words that the rule-following `word` should be."""
    language = known.language
    found = [*_irregular(language).get(word, ())]
    found += [
        pattern.sub(right, word) for pattern, right in _ENDINGS[language] if pattern.search(word)
    ]
    if language == "sv":
        found += _neuter_plural(word, known)
    entries = map(known.entry, dict.fromkeys(found))
    return [entry for entry in entries if entry.number >= 0 and entry.flags & Flag.VALID]


def _neuter_plural(word: str, known: Lexicon) -> Iterator[str]:
    """That of a neuter noun with the ending of others: `huser`, `äpplor`, `problemerna`."""
    ending = _PLURAL.fullmatch(word)
    if ending is not None:
        for noun, plural, definite in ((ending[1], "", "en"), (ending[1] + "e", "n", "na")):
            if is_neuter_noun(known.entry(noun).flags):
                yield noun + (definite if ending[2] else plural)
