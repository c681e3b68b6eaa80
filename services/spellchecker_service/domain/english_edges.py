"""Which English words open a clause or stand last in it: nothing ends with `the`.

Natural logs of how much likelier than by chance a word stands before or behind a comma, a full stop
and the like, counted over the treebanks EWT, GUM and PUD (27,000 words) and rounded.
"""

_LAST = {
    -4.5: "a the an",
    -3.5: "as we your my if of their has just which who when would very it's she i how",
    -3.0: """some his don't i'm only after its because take every to into any should that's where
    even make may they or let does i'll you're he's we're they're although while whose""",
    -2.0: """in got with will for he was from on what and been our by many is have had are be want
    at am were than not could very""",
    -0.7: "much can new also little come good but get more this did always",
    0.6: "them him me before there know work day people said",
    1.1: "time year right well now years here world too tomorrow today yesterday together again",
}
_FIRST = {
    -3.0: "be up been time had them into him am going got",
    -2.0: "me was have of has than more around little always way lot night year years work world",
    -1.1: "to were are want could say out about their may on will other",
    0.7: "this those there then it after my as such when no they because",
    1.1: "what where how she which who we if he let i well",
    1.6: "so but it's that's i'm oh yes hello",
}


def _by_word(table: dict[float, str]) -> dict[str, float]:
    return {word: value for value, words in table.items() for word in words.split()}


_LIKELIER_LAST = _by_word(_LAST)
_LIKELIER_FIRST = _by_word(_FIRST)


def likelier(word: str, *, first: bool, last: bool) -> float:
    """How much likelier than by chance `word` stands at such a place, in nats."""
    value = 0.0
    if first:
        value += _LIKELIER_FIRST.get(word, 0.0)
    if last:
        value += _LIKELIER_LAST.get(word, 0.0)
    return value
