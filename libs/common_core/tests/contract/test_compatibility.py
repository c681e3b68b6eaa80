"""What the check refuses of a published event, and what it allows."""

from enum import StrEnum
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, create_model

from scripts.docs.compatibility import breaks
from scripts.docs.published import committed
from scripts.docs.schemas import schemas

TOPIC = "huleedu.bos.thing-done.v1"


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class FewerColours(StrEnum):
    RED = "red"


class MoreColours(StrEnum):
    RED = "red"
    BLUE = "blue"
    GREEN = "green"


class Part(BaseModel):
    size: int


class LooserPart(BaseModel):
    size: float


class SmallerPart(BaseModel):
    pass


PUBLISHED: dict[str, Any] = {
    "name": (str, ...),
    "count": (int, ...),
    "colour": (Colour, ...),
    "parts": (tuple[Part, ...], ...),
    "note": (str | None, None),
    "share": (Annotated[float, Field(ge=0, le=1)], 0.5),
}


def schema(**changed: Any) -> dict[str, dict[str, Any]]:
    """Of the published event with these fields instead; None: without the field."""
    fields = {name: field for name, field in (PUBLISHED | changed).items() if field is not None}
    return {TOPIC: create_model("ThingDoneV1", **fields).model_json_schema()}


def broken(**changed: Any) -> list[str]:
    return [each.removeprefix(f"{TOPIC}: ") for each in breaks(schema(), schema(**changed))]


def test_an_event_that_is_as_it_was_breaks_nothing() -> None:
    assert broken() == []


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"name": None}, "name is removed"),
        ({"note": None}, "note is removed"),
        ({"count": (str, ...)}, "count is retyped: type was 'integer' and is 'string'"),
        ({"count": (int | None, ...)}, "count is retyped"),
        ({"name": (Colour, ...)}, "name is retyped"),
        ({"note": (str, "")}, "note is retyped"),
        ({"colour": (str, ...)}, "colour is retyped: it was one of ['red', 'blue']"),
        ({"parts": (tuple[str, ...], ...)}, "parts[] is retyped"),
        ({"parts": (tuple[LooserPart, ...], ...)}, "parts[].size is retyped"),
        ({"parts": (tuple[SmallerPart, ...], ...)}, "parts[].size is removed"),
        ({"parts": (dict[str, Part], ...)}, "parts is retyped"),
        ({"colour": (FewerColours, ...)}, "colour loses the value 'blue'"),
        ({"note": (str | None, ...)}, "note is required now"),
        ({"added": (int, ...)}, "added is added without a default"),
        ({"count": (Annotated[int, Field(ge=1)], ...)}, "count is retyped: minimum was absent"),
        (
            {"share": (Annotated[float, Field(ge=0, le=2)], 0.5)},
            "share is retyped: maximum was 1 and is 2",
        ),
        (
            {"share": (Annotated[float, Field(ge=0, le=1)], 0.7)},
            "share is retyped: default was 0.5 and is 0.7",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_change_that_some_reader_would_not_survive_is_refused(
    changed: dict[str, Any], says: str
) -> None:
    assert any(each.startswith(says) for each in broken(**changed)), broken(**changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"added": (int, 0)},
        {"added": (tuple[Part, ...], ())},
        {"colour": (MoreColours, ...)},
        {"name": (Annotated[str, Field(description="what it is called")], ...)},
    ],
    ids=["a field with a default", "a list", "a value", "words"],
)
def test_what_readers_ignore_or_understand_may_be_added(changed: dict[str, Any]) -> None:
    assert broken(**changed) == []


def test_a_published_event_may_not_disappear() -> None:
    [says] = breaks(schema(), {})
    assert says.startswith(f"{TOPIC} is published and not in the table of events any more")


def test_a_new_version_beside_the_old_one_is_no_change() -> None:
    new = {**schema(), "huleedu.bos.thing-done.v2": {"type": "object"}}
    assert breaks(schema(), new) == []


def test_no_event_breaks_what_is_published() -> None:
    assert breaks(committed(), schemas()) == []


def test_every_event_is_published() -> None:
    assert committed().keys() == schemas().keys()
