"""Who compares: the name of one judge, or of several joined by a plus sign, `gpt-x+people`."""

PEOPLE = "people"
"""Persons at the comparing page, each of them a judge of their own."""
_JOINS = "+"


def judges_named(judge: str) -> tuple[str, ...]:
    """The judges in the order they are named. Raises ValueError with a sentence for people."""
    names = tuple(name.strip() for name in judge.split(_JOINS))
    if "" in names:
        raise ValueError(
            f"“{judge}” is not of the form: judge, or judge+judge, as in gpt-x+people."
        )
    if len(set(names)) < len(names):
        raise ValueError(f"“{judge}” names a judge more than once.")
    return names


def asks_people(judge: str) -> bool:
    return PEOPLE in judges_named(judge)
