"""The name under which a file is shown; it is a label and never a path on this machine."""

from services.content_service.domain.wording import normalise

MAX_CHARACTERS = 200
_UNNAMED = "unnamed"


def label(file_name: str) -> str:
    """Make one line of what the client sent, short enough to show, with its ending."""
    name = " ".join(normalise(file_name).split()) or _UNNAMED
    if len(name) <= MAX_CHARACTERS:
        return name
    stem, dot, ending = name.rpartition(".")
    kept = MAX_CHARACTERS - len(dot + ending) - 1
    return f"{stem[:kept]}…{dot}{ending}" if dot and kept > 0 else f"{name[: MAX_CHARACTERS - 1]}…"
