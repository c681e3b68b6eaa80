"""Words that people use and the dictionaries lack: British ones, and what pupils talk about."""

from .phonetics import Language

_ENGLISH = """
adaptor adaptors aeon aeons aeroplane aeroplanes appal appals artefact artefacts biassed calliper
callipers carburettor carburettors centrepiece centrepieces cheque chequebook cheques chilli
chillies cosier cosiest cosily cosy despatch despatched despatches despatching distil distils
draught draughts draughty élite enrol enrols enthral enthrals fibreglass fulfil fulfils furore
gambolled gaol gaoled gaoler gaolers gaols gramme grammes greyest hyaena hyaenas instil instils kerb
kerbs liquorice mediaeval mollusc molluscs moulted moustache moustached moustaches mums nought
noughts pedlar pedlars phoney plough ploughed ploughing ploughs practise practised practises
practising pre première primaeval pyjama pyjamas rosé savannah savannahs sceptic sceptical
scepticism sceptics skilfulness skulduggery spelt spilt stepmum stepmums storey storeys titbit
titbits titre titres trammelled trowelled waggon waggons whiskies whisky wilfulness yodelled
yoghourt yoghurt yoghurts

aero afro afros ahh antivaxxer antivaxxers bestie besties breaktime chai coz d'you dal doggo eco eid
fika fomo gif gifs haha hangry holi idk insta intra lasagne lassi mma nan nans naw padel pho
protestor protestors saree sarees semla semlor tikka tiktok tiktoks tock umm yay
"""
_SWEDISH = """
aina bff bitcoin börek chatbot chatbotar chatboten cosplaya cosplayar da'n ebok eboken eco eid
esport esporten fiancé fl fraîche gamer gamers gejma gejmade gejmar gyoza gött hadj hajj hbtqi hiit
holi incel incels influencer influencers insta jalla loot metoo mini mma naan nice nå'n nå't nåra
ocd padel pho plogga ploggade ploggar polarn puja shabbat shahada shoo snap snowboarda snowboardade
soirée sta'n sukkot sutra sutran sutror swish taco tempeh tiktoks umma umman vapa vapade vapar vape
vesak vlogg vlogga vloggar vloggen voro walla zakat äro
"""
ADDED: dict[Language, tuple[str, ...]] = {
    "en": tuple(_ENGLISH.split()),
    "sv": tuple(_SWEDISH.split()),
}
