"""What must not happen to an event that is published.

Services are replaced one by one, and topics keep what was said for weeks. So a new reader meets old
messages and an old reader meets new ones, and both must understand. What readers do not know they
ignore: hence an optional field may be added, and so may a value of an enumeration, once its readers
are there before its writers. Whatever else changes needs a class and a topic of a new version.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = dict[str, Any]

_WORDS = {"title", "description", "examples", "$schema", "$defs", "$comment", "deprecated"}
"""What is said to people, and what references lead to."""
_OF_OBJECTS = {"properties", "required"}
_MISSING = object()


def breaks(published: Mapping[str, Schema], present: Mapping[str, Schema]) -> list[str]:
    """Sentences: what the present schemas do to those that are published, by topic."""
    found = []
    for topic, old in published.items():
        new = present.get(topic)
        if new is None:
            found.append(
                f"{topic} is published and not in the table of events any more: keep its class,"
                " or delete its published schema once no broker holds a message of it"
            )
        else:
            found += [f"{topic}: {change}" for change in _changes("", old, new, old, new)]
    return found


def _changes(
    place: str, old: Schema, new: Schema, all_old: Schema, all_new: Schema
) -> Iterator[str]:
    old, new = _resolved(old, all_old), _resolved(new, all_new)
    where = place or "the message"
    if "enum" in old or "const" in old:
        yield from _lost_values(where, old, new)
        return
    yield from _fields(place, old, new, all_old, all_new)
    for word in sorted((old.keys() | new.keys()) - _WORDS - _OF_OBJECTS):
        before, after = old.get(word, _MISSING), new.get(word, _MISSING)
        if isinstance(before, dict) and isinstance(after, dict) and word != "default":
            yield from _changes(f"{place}[]", before, after, all_old, all_new)
        elif _is_list_of_schemas(before) and _is_list_of_schemas(after):
            yield from _alternatives(place, before, after, all_old, all_new)
        elif before != after:
            yield f"{where} is retyped: {word} was {_shown(before)} and is {_shown(after)}"


def _fields(
    place: str, old: Schema, new: Schema, all_old: Schema, all_new: Schema
) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    required = set(new.get("required", ())) - set(old.get("required", ()))
    for name, schema in before.items():
        path = f"{place}.{name}".lstrip(".")
        if name not in after:
            yield f"{path} is removed"
            continue
        yield from _changes(path, schema, after[name], all_old, all_new)
        if name in required:
            yield f"{path} is required now: earlier messages may lack it"
    for name in after.keys() - before.keys():
        if name in required:
            path = f"{place}.{name}".lstrip(".")
            yield f"{path} is added without a default: earlier messages lack it"


def _lost_values(where: str, old: Schema, new: Schema) -> Iterator[str]:
    if old.get("type") != new.get("type") or not ("enum" in new or "const" in new):
        yield f"{where} is retyped: it was one of {_values(old)}"
        return
    for value in _values(old):
        if value not in _values(new):
            yield f"{where} loses the value {value!r}"


def _values(schema: Schema) -> list[Any]:
    return list(schema["enum"]) if "enum" in schema else [schema["const"]]


def _alternatives(
    place: str, old: list[Schema], new: list[Schema], all_old: Schema, all_new: Schema
) -> Iterator[str]:
    if len(old) != len(new):
        yield f"{place or 'the message'} is retyped: it was one of {len(old)} kinds, now {len(new)}"
        return
    for before, after in zip(old, new, strict=True):
        yield from _changes(place, before, after, all_old, all_new)


def _is_list_of_schemas(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _resolved(schema: Schema, whole: Schema) -> Schema:
    """The schema that a reference leads to; what stands beside the reference holds too."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    beside = {word: value for word, value in schema.items() if word != "$ref"}
    return _resolved(whole["$defs"][reference.removeprefix("#/$defs/")], whole) | beside


def _shown(value: object) -> str:
    return "absent" if value is _MISSING else repr(value)
