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
aeroplane aeroplanes adaptor adaptors anaemia anaemic appal appals artefact artefacts axe biassed
breathalyse breathalysed breathalyser carburettor carburettors centrepiece centrepieces cheque
cheques chequebook cosily cosy cosier cosiest despatch despatched despatches despatching distil
distils doughnut doughnuts draught draughts draughty enrol enrolment enrolments enrols enthral
enthrals fibreglass fulfil fulfilment fulfils furore gambolled gaol gaoled gaoler gaolers gaols
gramme grammes greengrocer grey greyed greyer greyest greyhound greying greyish greyness greys
hospitalise hospitalised instalment instalments instil instils itemise itemised kerb kerbs kerbside
ladybird ladybirds liquorice mediaeval mollusc molluscs moult moulted moulting moustache moustached
moustaches mum mummies mummy mums nought noughts pedlar pedlars phoney plait plaited plaits plimsoll
plimsolls plough ploughed ploughing ploughs practise practised practises practising primaeval
programme programmed programmes pyjama pyjamas sabre sabres sceptic sceptical sceptics scepticism
serialise serialised skilful skilfully skilfulness smelt spelt spilt spoilt storey storeys sulphur
sulphuric sulphurous titbit titbits tonne tonnes trammelled trowelled tyre tyres victimise
victimised waggon waggons westernise westernised whiskies whisky wilful wilfully wilfulness yodelled
yoghourt yoghurt yoghurts
"""
BRITISH_WORDS = tuple(_WORDS.split())
"""What no rule tells, or rules tell only of words that are frequent."""
_RULES = tuple((re.compile(british), american) for british, american in BRITISH)


def same_word(first: str, second: str, language: Language) -> bool:
    """Whether the two are spellings of one word, as far as the rules know."""
    return language == "en" and _common(first) == _common(second)


def _common(word: str) -> str:
    for british, american in _RULES:
        word = british.sub(american, word)
    return word
