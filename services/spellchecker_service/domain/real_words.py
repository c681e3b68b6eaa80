"""Words that exist but are not the one meant: `over their`. Only where the context is sure.

English alone: it takes counts of what stands beside what to tell, and for Swedish there are none;
`swedish_real_words` has rules instead.
"""

import math
from itertools import permutations

from .hashing import word_key
from .reading import Reading

_CONFUSED = """
their there they're; then than; then them; to too two; were where we're; wear where; of off;
loose lose; lose loss; quite quiet quit; whether weather; new knew; no know now; no on; on own;
right write; hear here; buy by bye; passed past; peace piece; affect effect; advice advise;
accept except; thing think; form from; for four fore; week weak; hole whole; won one; which witch;
threw through; lead led; breath breathe; choose chose; its it's; its is; your you're; you your;
whose who's; wont won't want; cant can't; lets let's; ill i'll; well we'll; id i'd; whats what's;
theirs there's; our are; our hour; his is; has as; an and; go got; some sum; meet meat; see sea;
been being bean; live life; live leave; this these; red read; cloths clothes; mite might;
night knight; brake break; plane plain; price prize; bored board; rode road; waste waist;
steel steal; tail tale; site sight; sole soul; role roll; root route; son sun; pair pear;
pain pane; mail male; main mane; die dye; fair fare; hair hare; flour flower; bare bear; ate eight;
blew blue; seen scene; desert dessert; safe save; feel fell; feel fill; woman women; wood would;
shore sure; stationary stationery; principal principle; personal personnel; diary dairy;
angel angle; costume custom; later latter; belief believe; proof prove; device devise; sweet sweat;
wander wonder; want went; went when; aloud allowed; altar alter; coarse course; council counsel;
heal heel; heard herd; knot not; nose knows; pray prey; rain reign; sail sale; stake steak;
vain vein; wait weight; way weigh; ran run; cold could; moor more; brakes breaks; supper super;
poor pour; sent scent cent; great grate; made maid; higher hire; very vary; so sew; seem seam;
stair stare; presents presence; patients patience; guest guessed; groan grown; tied tide;
worn warn; sore soar; tow toe; whale wail; thought though through taught; tough though;
hoping hopping; cloth clothe; tree three; bed bad; men man; tank thank; tanks thanks; sing sign;
tried tired; hug huge; slip sleep; walk work; staff stuff; since sense; expect except;
lunch launch; trough through; ship sheep; sit seat; rich reach; full fool; hart heart;
diner dinner; thrown throne; ether either; united untied;
"""
"""Words that sound alike or nearly so, or of which one is the other with a letter left out.

The language model knows them all.
"""
CONFUSED: dict[str, set[str]] = {}
for _entry in _CONFUSED.rstrip(";\n").split(";"):
    for _first, _second in permutations(_entry.split(), 2):
        CONFUSED.setdefault(_first, set()).add(_second)

_IMPERATIVES = frozenset({"write"})
"""What opens an instruction: the language model has hardly any."""
_RARE = 5.0
"""Nats by which the context must outweigh that the word is as good as always right."""


def meant_instead(place: int, read: Reading) -> tuple[list[str], float] | None:
    """What the word at `place` stands for, with the probability; `None` where nothing tells."""
    word = read.tokens[place].lower
    others = CONFUSED.get(word)
    opening = read.tokens[place].opens_sentence and word in _IMPERATIVES
    if others is None or opening:
        return None
    context = read.context(place)
    if not (context.before and context.behind):
        return None

    def likelihood(each: str) -> float:
        return read.lexicon.model.log_within(context, [word_key(each)])

    best = max(sorted(others), key=likelihood)
    shown = read.lexicon.shown(read.lexicon.entry(best).number)
    return [shown], 1 / (1 + math.exp(likelihood(word) + _RARE - likelihood(best)))
