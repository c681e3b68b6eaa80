"""Words that people use and the dictionaries lack: British ones, and what pupils talk about."""

from .phonetics import Language

_ENGLISH = """
adaptor adaptors aeon aeroplane aeroplanes aluminium amidst amongst annexe artefact artefacts axe
biassed calliper callipers carburettor carburettors centrepiece centrepieces cheque chequebook
cheques cohost conceptualist cosier cosiest cosily cosy despatch despatched despatches despatching
draught draughts draughty dreamt élite enthrals fibreglass furore gambolled gaol gaoled gaoler
gaolers gaols gapped gramme grammes greyest hospitalist hyaena hyaenas kerb kerbs leant learnt
legalist liquorice luxe mediaeval mollusc molluscs nought noughts onwards pedlar pedlars phoney
pickaxe practise practised practises practising pre première primaeval prising repost ritualist rosé
savannah savannahs skilfulness spelt spilt spoilt stepmum stepmums storey storeys sunburnt symbolist
titbit titbits titre titres trammelled trowelled unspoilt urbanist waggon waggons whiskies whisky
worshipped worshipping yodelled yoghourt

adobo aero afro afros ahh antivaxxer antivaxxers arepa arepas bestie besties braai breaktime bunad
burette burettes c'mon cava chai chile coz d'you dal doggo eco eid fika fomo garam gif gifs glug
haha hangry holi idk injera insta intra kente lasagne lassi lightbulb lightbulbs mma mown nan nans
napa naw padel pho protestor protestors quern querns s'pose saree sarees semla semlor soz teff tikka
tiktok tiktoks tock umm villanelle villanelles yay
"""
_SWEDISH = """
aina bff bitcoin börek chatbot chatbotar chatboten chipet cosplaya cosplayar da'n ebok eboken eco
eid esport esporten fiancé fikan fl fraîche gamer gamers gejma gejmade gejmar go'dag go'kväll
go'morron go'natt gyoza hadj hajj hbtqi hiit holi incel incels influencer influencers insta jalla
kafét konsum lego loot metoo mini mma monstera naan nice nå'n nå't nåra ocd okra padel pho plogga
ploggade ploggar polarn puja shabbat shahada shoo snap snowboarda snowboardade soirée sta'n sukkot
sutra sutran sutror swish taco tandfén tempeh tiktoks umma umman vapa vapade vapar vape vesak vlogg
vlogga vloggar vloggen voro walla zakat äro ärg
"""
ADDED: dict[Language, tuple[str, ...]] = {
    "en": tuple(_ENGLISH.split()),
    "sv": tuple(_SWEDISH.split()),
}
