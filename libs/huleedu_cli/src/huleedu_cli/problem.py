"""What ends a command early, and how it is told."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.text import Text

_COULD_NOT = 1
_INTERRUPTED = 130


class Problem(Exception):  # noqa: N818 - it is told to people in these words
    """Something the person at the keyboard can do something about; the text is for them."""


def api_key_for(gateway_url: str) -> str:
    """The key in the environment; Problem if there is none."""
    key = os.environ.get("HULEEDU_API_KEY")
    if not key:
        raise Problem(f"Set HULEEDU_API_KEY to a key that {gateway_url} accepts.")
    return key


@contextmanager
def told(*also: type[Exception]) -> Iterator[None]:
    """Tell what went wrong in a sentence, and end with the exit code that belongs to it.

    `also` are further errors whose texts are for people.
    """
    expected: tuple[type[Exception], ...] = (Problem, *also)
    errors = Console(stderr=True)
    try:
        yield
    except expected as problem:
        errors.print(Text(str(problem), style="red"), soft_wrap=True)
        raise typer.Exit(_COULD_NOT) from problem
    except KeyboardInterrupt:
        errors.print("Interrupted; nothing is left running.")
        raise typer.Exit(_INTERRUPTED) from None
