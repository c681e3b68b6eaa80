"""A class set on its way through the gateway, and what of its results must not vary."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huleedu_cli.client import Gateway
from huleedu_cli.essays import Essay

EXAMPLES = Path(__file__).parents[3] / "examples"
ENGLISH = sorted((EXAMPLES / "essays").iterdir())
SWEDISH = sorted((EXAMPLES / "essays_sv").iterdir())


@dataclass(frozen=True)
class FrontDoor:
    url: str
    key: str


async def hand_in(
    gateway: Gateway, files: Sequence[Path], *, essay_count: int | None = None, **options: Any
) -> str:
    """Register a batch and upload its files; the batch's id."""
    batch = {
        "name": "class set",
        "language": "en",
        "essay_count": essay_count or len(files),
        "pipeline": ["spellcheck", "cj_assessment"],
        **options,
    }
    batch_id = await gateway.create_batch(batch)
    essays = [Essay(path, path.name) for path in files]
    async for _outcomes in gateway.upload(batch_id, essays):
        pass
    return batch_id


async def assess(gateway: Gateway, files: Sequence[Path], **options: Any) -> dict[str, Any]:
    """The results of a class set, from the first file to the last event."""
    batch_id = await hand_in(gateway, files, **options)
    async for _status in gateway.events(batch_id):
        pass
    return await gateway.results(batch_id)


def without_ids(results: dict[str, Any]) -> dict[str, Any]:
    """What must be the same whenever the same files are handed in: essays are called by files."""
    files: dict[Any, str] = {each["essay_id"]: each["file"] for each in results["essays"]}
    kept = {name: value for name, value in results.items() if name not in {"batch_id", "run_id"}}
    kept["essays"] = [
        _named(each, files, "anchor_above", "anchor_below") for each in kept["essays"]
    ]
    kept["verdicts"] = [_named(each, files, "first", "second") for each in kept["verdicts"]]
    kept["look_first"] = [_named(each, files, "essay_id") for each in kept["look_first"]]
    return kept


def _named(value: dict[str, Any], files: dict[Any, str], *ids: str) -> dict[str, Any]:
    named = {name: files.get(value[name]) for name in (*ids, "essay_id") if name in value}
    return {**value, **named}


def rank_of(results: dict[str, Any]) -> dict[str, int]:
    return {essay["file"]: essay["rank"] for essay in results["essays"]}
