import random

import numpy as np
import pytest

from services.cj_assessment_service.domain.offline_judge import (
    Language,
    features,
    judge,
    quality,
)

GOOD = (
    "Last summer my grandmother taught me to repair an old wooden boat, and the work changed the "
    "way I think about patience. At first I wanted to paint everything on the very first day. "
    "However, she insisted that we scrape, sand and dry each plank before we touched a brush, "
    "because paint that covers damp wood will crack within a season. Although I complained, I "
    "slowly understood what she meant: what you hide at the beginning comes back in the end. "
    "For example, we found a small hole that somebody had filled with glue, and it took us an "
    "entire afternoon to replace the rotten part. When the boat finally floated, I was proud of "
    "every hour that nobody would ever see. Therefore I believe that schools should give pupils "
    "long projects, in which careful preparation matters more than a quick result."
)
MIDDLE = (
    "I think school should have longer projects. Last year we did a project about boats and it was "
    "fun. We worked in a group and we had to build a model. It was hard but we learned a lot. My "
    "friend did the painting and I did the rest. In the end the model was good and the teacher "
    "liked it. So I think projects are good because you learn more and you remember it."
)
WEAK = (
    "i dont like school alot becuase its boring. we have projekts and they are boring to. one time "
    "we did a boat and it sinked. i think we shoud have less school"
)
SWEDISH_GOOD = (
    "I somras lärde min mormor mig att laga en gammal träbåt, och arbetet förändrade hur jag ser "
    "på tålamod. Först ville jag måla allting redan den första dagen. Hon insisterade dock på att "
    "vi skulle skrapa, slipa och torka varje planka, eftersom färg som täcker fuktigt trä spricker "
    "efter en säsong. Dessutom hittade vi ett litet hål som någon hade fyllt med lim. När båten "
    "till slut flöt var jag stolt över varje timme som ingen någonsin skulle se. Därför anser jag "
    "att skolan borde ge eleverna långa projekt, där noggrann förberedelse betyder mer än ett "
    "snabbt resultat."
)
SWEDISH_WEAK = (
    "jag tycker inte om skolan. det är tråkigt. en gång gjorde vi en båt och den sjönk. det var "
    "inte bra. skolan är för lång och vi har för mycket läxor"
)


def standing(texts: list[str], language: Language = "en") -> list[float]:
    scores: list[float] = quality([features(text, language) for text in texts]).tolist()
    return scores


def test_better_texts_stand_higher() -> None:
    good, middle, weak = standing([GOOD, MIDDLE, WEAK])
    assert good > middle > weak


def test_swedish_texts_are_judged_by_swedish_words() -> None:
    good, weak = standing([SWEDISH_GOOD, SWEDISH_WEAK], "sv")
    assert good > weak
    swedish, english = features(SWEDISH_GOOD, "sv"), features(SWEDISH_GOOD, "en")
    assert swedish.connectives > english.connectives
    assert swedish.unknown_rate < english.unknown_rate


@pytest.mark.parametrize("copies", [2, 3])
def test_pasting_an_essay_again_wins_nothing(copies: int) -> None:
    pasted = "\n\n".join([MIDDLE] * copies)
    honest = standing([GOOD, MIDDLE, WEAK])
    gamed = standing([GOOD, pasted, WEAK])
    assert gamed[1] <= honest[1] + 1e-9


def test_shuffled_words_lose() -> None:
    words = GOOD.split()
    random.Random(1).shuffle(words)
    good, middle, shuffled = standing([GOOD, MIDDLE, " ".join(words)])
    assert shuffled < middle < good


@pytest.mark.parametrize("texts", [[], [""], ["", ""], ["", GOOD], ["!!! ???", "123 456"]])
def test_degenerate_batches_give_finite_numbers(texts: list[str]) -> None:
    assert np.isfinite(standing(texts)).all()


def test_equal_texts_tie() -> None:
    first, second = standing([MIDDLE, MIDDLE])
    assert judge(first, second) == ("tie", None)


def test_verdicts_have_a_winner_and_a_degree_and_no_order_effect() -> None:
    assert judge(1.0, 0.9) == ("first", 1)
    assert judge(0.9, 1.0) == ("second", 1)
    assert judge(-1.0, 1.0) == ("second", 2)


@pytest.mark.parametrize(
    "addition",
    [
        " Plethora, myriad, quintessential, ubiquitous, ephemeral, paradigm, cacophony, dichotomy.",
        " However, therefore, moreover, furthermore, thus, in addition, in conclusion.",
        ' ;;; ::: !!! ??? (( )) -- ""',
    ],
)
def test_lists_of_impressive_words_or_marks_do_not_lift_a_text_over_a_better_one(
    addition: str,
) -> None:
    good, gamed, _ = standing([GOOD, MIDDLE + addition, WEAK])
    assert gamed < good
    assert gamed <= standing([GOOD, MIDDLE, WEAK])[1] + 0.3


def test_fancy_words_strewn_in_win_no_place_in_a_class() -> None:
    fancy = ["plethora", "juxtaposition", "ephemeral", "cacophony", "perspicacious", "paradigm"]
    rng = random.Random(1)
    parts = [part for text in (GOOD, MIDDLE) for part in text.split(". ")]
    honest = [". ".join(rng.sample(parts, 4 + place)) for place in range(8)]
    before = standing(honest)
    for place, text in enumerate(honest):
        words = (f"{rng.choice(fancy)} {w}" if rng.random() < 0.15 else w for w in text.split())
        after = standing([*honest[:place], " ".join(words), *honest[place + 1 :]])
        assert sum(s > after[place] for s in after) >= sum(s > before[place] for s in before)


def test_swedish_compounds_are_words() -> None:
    assert features("och skrivuppgiften var bra", "sv").unknown_rate == 0
    assert features("och skrxvuppqqten var bra", "sv").unknown_rate > 0
