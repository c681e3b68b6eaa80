"""Words that people use and the dictionaries lack: British ones, and what pupils talk about."""

from .phonetics import Language

_ENGLISH = """
aeroplane aeroplanes adaptor adaptors appal appals artefact artefacts biassed carburettor
carburettors centrepiece centrepieces cheque cheques chequebook cosily cosy cosier cosiest
despatch despatched despatches despatching distil distils draught draughts draughty enrol enrols
enthral enthrals fibreglass fulfil fulfils furore gambolled gaol gaoled gaoler gaolers gaols
gramme grammes greyest instil instils kerb kerbs liquorice mediaeval mollusc molluscs moulted
moustache moustached moustaches mums nought noughts pedlar pedlars phoney plough ploughed
ploughing ploughs practise practised practises practising primaeval pyjama pyjamas sceptic
sceptical sceptics scepticism skilfulness spelt spilt storey storeys titbit titbits trammelled
trowelled waggon waggons whiskies whisky wilfulness yodelled yoghourt yoghurt yoghurts

aero afro afros antivaxxer antivaxxers bestie besties breaktime chai coz dal eco gif gifs insta
intra lassi nan nans naw pho protestor protestors saree sarees tikka tiktok tiktoks tock
"""
_SWEDISH = """
bff bitcoin cosplaya cosplayar ebok eboken eco gamer gamers gejma gejmade gejmar hbtqi influencer
influencers insta mini nice nåra plogga ploggade ploggar snap snowboarda snowboardade swish vapa
vapade vapar vape vlogg vlogga vloggar vloggen
"""
ADDED: dict[Language, tuple[str, ...]] = {
    "en": tuple(_ENGLISH.split()),
    "sv": tuple(_SWEDISH.split()),
}
