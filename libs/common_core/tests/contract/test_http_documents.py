"""What a generator of clients needs of the OpenAPI documents."""

import json
from pathlib import Path

import pytest

from scripts.docs.places import CONTRACTS

DOCUMENTS = sorted((CONTRACTS / "http").glob("*.json"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_every_operation_has_an_id_of_its_own_and_says_what_it_answers(path: Path) -> None:
    paths = json.loads(path.read_text("utf-8"))["paths"]
    operations = [operation for methods in paths.values() for operation in methods.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    assert all(any(status < "300" for status in each["responses"]) for each in operations)
