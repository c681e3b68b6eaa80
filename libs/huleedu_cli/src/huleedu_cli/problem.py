"""What ends a command early."""


class Problem(Exception):  # noqa: N818 - it is told to people in these words
    """Something the person at the keyboard can do something about; the text is for them."""
