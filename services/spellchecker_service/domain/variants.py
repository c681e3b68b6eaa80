"""British and American spellings of one word: `favourite`, `favorite`. Both are right."""

import re

from .phonetics import Language

BRITISH = (
    ("our", "or"),
    ("is(?=e|i|a)", "iz"),
    ("ys(?=e|i)", "yz"),
    ("re(?=s?$)", "er"),
    ("ll", "l"),
    ("[ao]e", "e"),
    ("ogue", "og"),
    ("nc(?=e)", "ns"),
    ("mme(?=s?$)", "m"),
)
_WORDS = """
aeroplane aeroplanes adaptor adaptors appal appals artefact artefacts biassed carburettor
carburettors centrepiece centrepieces cheque cheques chequebook cosily cosy cosier cosiest
despatch despatched despatches despatching distil distils draught draughts draughty enrol enrols
enthral enthrals fibreglass fulfil fulfils furore gambolled gaol gaoled gaoler gaolers gaols
gramme grammes greyest instil instils kerb kerbs liquorice mediaeval mollusc molluscs moulted
moustache moustached moustaches mums nought noughts pedlar pedlars phoney plough ploughed
ploughing ploughs practise practised practises practising primaeval pyjama pyjamas sceptic
sceptical sceptics scepticism skilfulness spelt spilt storey storeys titbit titbits trammelled
trowelled waggon waggons whiskies whisky wilfulness yodelled yoghourt yoghurt yoghurts
"""
BRITISH_WORDS = tuple(_WORDS.split())
"""What no rule tells."""
_RULES = tuple((re.compile(british), american) for british, american in BRITISH)


def same_word(first: str, second: str, language: Language) -> bool:
    """Whether the two are spellings of one word, as far as the rules know."""
    return language == "en" and _common(first) == _common(second)


def _common(word: str) -> str:
    for british, american in _RULES:
        word = british.sub(american, word)
    return word
