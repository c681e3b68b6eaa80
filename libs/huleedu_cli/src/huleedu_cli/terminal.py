"""What a terminal may be given."""


def visible(text: str) -> str:
    """Leave out what a terminal would take for orders."""
    return "".join(character if character.isprintable() else " " for character in text)
