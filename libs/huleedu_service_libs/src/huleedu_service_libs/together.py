"""Several things at once, with the errors that one of them alone would have."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def all_of(*work: Coroutine[Any, Any, Result]) -> list[Result]:
    """The results in the order given. The first error cancels the others and comes out as it is.

    Whoever classifies errors by their type does not look into groups.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            started = [tasks.create_task(each) for each in work]
    except ExceptionGroup as group:
        raise group.exceptions[0] from group
    return [task.result() for task in started]
