"""Hostile files meet real worker processes."""

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, Unpack

import pytest

from huleedu_service_libs.cpu import CpuPool
from huleedu_service_libs.errors import TemporaryError
from services.content_service.domain import Limits, UnreadableFile
from services.content_service.reading import Reader
from services.content_service.tests.files import docx, paragraph, pdf, run, set_lines

ArgsT = TypeVarTuple("ArgsT")
ResultT = TypeVar("ResultT")

PATIENT = 30.0
PLENTY = 2_000_000_000


def reader(pool: CpuPool, *, seconds: float = PATIENT, memory_bytes: int = PLENTY) -> Reader:
    return Reader(pool, Limits(), seconds=seconds, memory_bytes=memory_bytes)


async def test_a_text_comes_back_from_the_worker_process() -> None:
    assert (await reader(CpuPool(1)).read("a.txt", b"Hello.")).text == "Hello."


async def test_a_refusal_comes_back_from_the_worker_process() -> None:
    with pytest.raises(UnreadableFile) as refused:
        await reader(CpuPool(1)).read("a.docx", b"Hello.")
    assert refused.value.code == "not_what_it_says"


async def test_a_file_that_takes_too_long_is_given_up_and_the_next_is_read() -> None:
    pool = CpuPool(1)
    slow = pdf(*[set_lines(["word"] * 50)] * 190)
    await reader(pool).read("warm up.txt", b"Hello.")
    with pytest.raises(UnreadableFile) as refused:
        await reader(pool, seconds=0.05).read("slow.pdf", slow)
    assert refused.value.code == "timed_out"
    assert (await reader(pool).read("a.txt", b"Hello.")).text == "Hello."


async def test_a_file_that_takes_too_much_memory_is_refused() -> None:
    greedy = docx("".join(paragraph(run("word ")) for _ in range(100_000)))
    with pytest.raises(UnreadableFile) as refused:
        await reader(CpuPool(1), memory_bytes=300_000_000).read("greedy.docx", greedy)
    assert refused.value.code == "unpacks_too_large"


class DyingPool(CpuPool):
    """Its worker process dies a few times, as if the system had killed it."""

    def __init__(self, deaths: int) -> None:
        super().__init__(1)
        self._deaths = deaths

    async def run(
        self,
        function: Callable[[Unpack[ArgsT]], ResultT],
        *args: *ArgsT,
        timeout_seconds: float | None = None,
    ) -> ResultT:
        if self._deaths:
            self._deaths -= 1
            raise TemporaryError("the worker process died")
        return await super().run(function, *args, timeout_seconds=timeout_seconds)


async def test_a_worker_that_dies_once_does_not_cost_the_file() -> None:
    assert (await reader(DyingPool(1)).read("a.txt", b"Hello.")).text == "Hello."


async def test_a_file_that_kills_its_worker_again_is_refused() -> None:
    with pytest.raises(UnreadableFile) as refused:
        await reader(DyingPool(2)).read("a.txt", b"Hello.")
    assert refused.value.code == "damaged_file"
