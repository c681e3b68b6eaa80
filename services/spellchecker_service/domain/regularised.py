"""Forms that follow the rule where the language does not, as learners make them: `choosed`."""

import re
from functools import cache

from .phonetics import Language

_ENGLISH = """
become became; begin began; bite bit; blow blew; break broke; bring brought; build built; buy
bought; catch caught; choose chose; come came; deal dealt; dig dug; do did; draw drew; drink
drank; drive drove; eat ate; fall fell; feed fed; feel felt; fight fought; find found; fly flew;
forget forgot; forgive forgave; freeze froze; get got; give gave; go went; grow grew; have had;
hear heard; hide hid; hold held; keep kept; know knew; lead led; leave left; lend lent; lose lost;
make made; mean meant; meet met; overcome overcame; pay paid; ride rode; ring rang; rise rose; run
ran; say said; see saw; seek sought; sell sold; send sent; shake shook; shine shone; shoot shot;
sing sang; sink sank; sit sat; sleep slept; slide slid; speak spoke; spend spent; stand stood;
steal stole; stick stuck; strike struck; sweep swept; swear swore; swim swam; swing swung; take
took; teach taught; tear tore; tell told; think thought; throw threw; understand understood; wake
woke; wear wore; weep wept; win won; write wrote; cost cost; cut cut; hit hit; hurt hurt; let let;
put put; set set; shut shut; spread spread
"""
_ENGLISH_PLURALS = """
child children; man men; woman women; foot feet; tooth teeth; mouse mice; goose geese; life lives;
wife wives; knife knives; half halves; leaf leaves; shelf shelves; thief thieves; wolf wolves
"""
_SWEDISH = """
be bad; binda band; bita bet; bjuda bjöd; bli blev; brinna brann; brista brast; bryta bröt; bära
bar; dra drog; dricka drack; dyka dök; falla föll; finna fann; flyga flög; flyta flöt; frysa frös;
få fick; försvinna försvann; förstå förstod; ge gav; gripa grep; gråta grät; gå gick; gömma gömde;
göra gjorde; heta hette; hinna hann; hugga högg; hålla höll; knyta knöt; komma kom; krypa kröp; le
log; ligga låg; lida led; ljuga ljög; låta lät; lägga lade; njuta njöt; se såg; sitta satt; sjunga
sjöng; sjunka sjönk; skina sken; skjuta sköt; skrika skrek; skriva skrev; skära skar; slippa
slapp; slå slog; slåss slogs; smita smet; sova sov; sprida spred; springa sprang; spricka sprack;
sticka stack; stiga steg; stinka stank; stjäla stal; stryka strök; stå stod; supa söp; suga sög;
svida sved; svika svek; säga sade; sälja sålde; sätta satte; ta tog; tiga teg; tvinga tvang; veta
visste; vika vek; vinna vann; vrida vred; välja valde; vänja vande; växa växte; äta åt; bestå
bestod; erbjuda erbjöd; uppleva upplevde
"""


def _pairs(table: str) -> list[list[str]]:
    return [entry.split() for entry in table.replace("\n", " ").split(";") if entry.strip()]


def _english_pasts(verb: str) -> set[str]:
    if verb.endswith("e"):
        return {verb + "d"}
    return {verb + "ed", verb + verb[-1] + "ed"}


def _swedish_pasts(verb: str) -> set[str]:
    stem = verb[:-1] if verb.endswith("a") and len(verb) > 2 else verb  # noqa: PLR2004 -- `ta`
    return {stem + "de", stem + "dde", stem + "te", stem + "ade", stem + "tte"}


@cache
def _regular(language: Language) -> dict[str, str]:
    table: dict[str, str] = {}
    if language == "sv":
        for verb, past in _pairs(_SWEDISH):
            table |= dict.fromkeys(_swedish_pasts(verb), past)
        return table
    for verb, past in _pairs(_ENGLISH):
        table |= dict.fromkeys(_english_pasts(verb), past)
    for noun, plural in _pairs(_ENGLISH_PLURALS):
        table |= dict.fromkeys((noun + "s", plural + "s"), plural)
    return table


_ENDINGS = {
    "en": (
        (re.compile(r"([^aeiou])ys$"), r"\1ies"),
        (re.compile(r"([^aeiou])yed$"), r"\1ied"),
        (re.compile(r"(.{2}[^aeiou])eing$"), r"\1ing"),
        (re.compile(r"(.{2})in$"), r"\1ing"),
    ),
    "sv": (),
}


def meant_by(word: str, language: Language) -> list[str]:
    """What the rule-following `word` should be, if it is one; not all of them are words."""
    found = [
        pattern.sub(right, word) for pattern, right in _ENDINGS[language] if pattern.search(word)
    ]
    irregular = _regular(language).get(word)
    return [*found, irregular] if irregular else found
