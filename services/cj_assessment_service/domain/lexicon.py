"""Closed word classes of English and Swedish, as far as the offline judge needs them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Lexicon:
    """`connectives` are phrases of one to four words, the other sets single words.

    `determiners` and `prepositions` leave out those that learners mix up with other words (its,
    their) or that have other uses; `loose_prepositions` may end a clause, but no auxiliary follows
    them. `exceptions` may follow a determiner after all.
    """

    connectives: tuple[str, ...]
    subordinators: frozenset[str]
    determiners: frozenset[str]
    prepositions: frozenset[str]
    loose_prepositions: frozenset[str]
    exceptions: frozenset[str]
    conjunctions: frozenset[str]
    subjects: frozenset[str]
    auxiliaries: frozenset[str]
    apostrophes: frozenset[str]
    lone_capital: str


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in text.split(","))


ENGLISH = Lexicon(
    connectives=_phrases(
        "however, therefore, moreover, furthermore, nevertheless, nonetheless, consequently, thus, "
        "hence, instead, otherwise, meanwhile, besides, also, finally, first, firstly, second, "
        "secondly, third, thirdly, lastly, next, then, for example, for instance, such as, "
        "in addition, in conclusion, in fact, in contrast, in other words, in order to, on the "
        "other hand, on the one hand, as a result, as well as, because of, due to, even though, "
        "not only, after all, above all, of course, similarly, likewise, although, whereas, "
        "despite, in spite of, rather than, to begin with, overall, so that, as long as"
    ),
    subordinators=_words(
        "because although though while whereas unless until since if when whenever where wherever "
        "whether after before that which who whom whose why how"
    ),
    determiners=_words("a an the my our every"),
    prepositions=_words("of from with into at during between among towards upon without"),
    loose_prepositions=frozenset(),
    exceptions=frozenset(),
    conjunctions=_words("and or but because if than"),
    subjects=_words("i he she we they"),
    auxiliaries=_words(
        "is are was were am has have had will would can could should must do does did"
    ),
    apostrophes=_words(
        "dont cant wont didnt doesnt isnt wasnt arent werent couldnt shouldnt wouldnt havent hasnt "
        "hadnt im ive youre theyre thats whats theres lets"
    ),
    lone_capital="i",
)

SWEDISH = Lexicon(
    connectives=_phrases(
        "dock, därför, dessutom, däremot, emellertid, följaktligen, således, alltså, istället, "
        "i stället, annars, samtidigt, också, slutligen, först, för det första, för det andra, "
        "för det tredje, till sist, till slut, sedan, därefter, till exempel, exempelvis, "
        "som exempel, vidare, sammanfattningsvis, å ena sidan, å andra sidan, med andra ord, "
        "på grund av, tack vare, trots att, trots detta, inte bara, framför allt, självklart, "
        "naturligtvis, på samma sätt, likaså, även om, eftersom, medan, i motsats till, "
        "i och med, i synnerhet, det vill säga, så att, för att, jämfört med, till skillnad från"
    ),
    subordinators=_words(
        "att som eftersom fast fastän medan om innan när då där huruvida såvida ifall därför "
        "vilket vilken vilka vars varför hur tills sedan trots"
    ),
    determiners=_words("en ett min mina dina vår vårt våra varje"),
    prepositions=_words("av från bland hos genom mot"),
    loose_prepositions=_words("i på till vid"),
    exceptions=_words("av och eller"),
    conjunctions=_words("och eller men samt eftersom än"),
    subjects=_words("jag han hon vi"),
    auxiliaries=_words("är var har hade ska skulle kan kunde vill ville måste bör blir blev"),
    apostrophes=frozenset(),
    lone_capital="",
)

LEXICA = {"en": ENGLISH, "sv": SWEDISH}
