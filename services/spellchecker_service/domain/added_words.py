"""Words that people use and the dictionaries lack: British ones, and what pupils talk about."""

from .phonetics import Language

_ENGLISH = """
adaptor adaptors aeon aeons aeroplane aeroplanes appal appals artefact artefacts biassed calliper
callipers carburettor carburettors centrepiece centrepieces cheque chequebook cheques chilli
chillies cosier cosiest cosily cosy despatch despatched despatches despatching distil distils
draught draughts draughty enrol enrols enthral enthrals fibreglass fulfil fulfils furore gambolled
gaol gaoled gaoler gaolers gaols gramme grammes greyest hyaena hyaenas instil instils kerb kerbs
liquorice mediaeval mollusc molluscs moulted moustache moustached moustaches mums nought noughts
pedlar pedlars phoney plough ploughed ploughing ploughs practise practised practises practising pre
première primaeval pyjama pyjamas rosé sceptic sceptical scepticism sceptics skilfulness skulduggery
spelt spilt stepmum stepmums storey storeys titbit titbits trammelled trowelled waggon waggons
whiskies whisky wilfulness yodelled yoghourt yoghurt yoghurts élite

aero afro afros antivaxxer antivaxxers bestie besties breaktime chai coz dal eco eid fika fomo gif
gifs hangry holi idk insta intra lasagne lassi mma nan nans naw padel pho protestor protestors saree
sarees semla semlor tikka tiktok tiktoks tock
"""
_SWEDISH = """
bff bitcoin chatbot chatbotar chatboten cosplaya cosplayar ebok eboken eco eid esport esporten
fiancé fraîche gamer gamers gejma gejmade gejmar gyoza hadj hajj hbtqi hiit holi incel incels
influencer influencers insta jalla loot metoo mini mma naan nice nåra ocd padel pho plogga ploggade
ploggar puja shabbat shahada snap snowboarda snowboardade soirée sukkot sutra sutran sutror swish
taco tempeh tiktoks umma umman vapa vapade vapar vape vlogg vlogga vloggar vloggen walla zakat
"""
ADDED: dict[Language, tuple[str, ...]] = {
    "en": tuple(_ENGLISH.split()),
    "sv": tuple(_SWEDISH.split()),
}
