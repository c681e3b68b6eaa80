"""One check per text: taken from the table, or computed in a worker process."""

from dataclasses import dataclass
from uuid import uuid4

import structlog
from dishka import FromDishka
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from common_core.domain_enums import Language
from common_core.events.spellcheck_events import SpellcheckEngineStartedV1
from common_core.identifiers import BatchId, TextId
from common_core.models import BatchProfile
from huleedu_service_libs.cpu import CpuPool
from huleedu_service_libs.errors import TemporaryError
from huleedu_service_libs.texts import TextNotFound, Texts
from huleedu_service_libs.transaction import Transactions
from services.spellchecker_service import computation, store
from services.spellchecker_service.computation import ClassWords, Corrected
from services.spellchecker_service.results import Check, CheckKey

log = structlog.get_logger()


class CannotCheck(Exception):  # noqa: N818 - an answer for the teacher, not a fault
    """Trying again would not help; `reason` is a sentence for the teacher."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Limits:
    characters: int
    corrections: int
    seconds: float


class Checker:
    def __init__(self, engine: AsyncEngine, texts: Texts, pool: CpuPool, limits: Limits) -> None:
        self._engine = engine
        self._texts = texts
        self._pool = pool
        self._limits = limits
        self._engine_version: str | None = None

    async def prepare(self) -> str:
        """Have the engine ready in a worker process; returns its version."""
        self._engine_version = await self._pool.run(computation.prepare)
        return self._engine_version

    async def check(self, text_id: TextId, profile: BatchProfile, batch_id: BatchId) -> Check:
        """Raises CannotCheck where trying again would not help.

        The corrected text is kept for the batch.
        """
        key = CheckKey(
            text_id,
            profile.language,
            profile.assignment_text_id,
            profile.glossary,
            profile.names,
            self._engine_version or await self.prepare(),
        )
        async with AsyncSession(self._engine) as session:
            known = await store.find_check(session, key)
        if known is not None:
            try:
                await self._texts.keep(known.corrected_text_id, batch_id)
            except TextNotFound:
                known = None  # it went a moment ago, with the last batch that had it
        return known or await self._compute(key, batch_id)

    async def _compute(self, key: CheckKey, batch_id: BatchId) -> Check:
        text = await self._essay(key.text_id)
        words = ClassWords(await self._assignment(key), key.glossary, key.names)
        corrected = await self._correct(text, key.language, words)
        if len(corrected.corrections) > self._limits.corrections:
            raise CannotCheck(
                "too_many_corrections",
                f"More than {self._limits.corrections} words were not recognised."
                " Is this an essay, and is it in the language of the batch?",
            )
        unchanged = corrected.text == text
        return Check(
            key=key,
            corrected_text_id=(
                key.text_id if unchanged else await self._texts.put(corrected.text, batch_id)
            ),
            corrections=corrected.corrections,
            word_count=corrected.word_count,
            duration_seconds=corrected.duration_seconds,
        )

    async def _essay(self, text_id: TextId) -> str:
        try:
            text = await self._texts.get(text_id)
        except TextNotFound as error:
            raise CannotCheck(
                "text_missing", "The text of this essay is no longer stored. Upload the file again."
            ) from error
        if len(text) > self._limits.characters:
            raise CannotCheck(
                "text_too_long",
                f"The essay has {len(text):,} characters;"
                f" no more than {self._limits.characters:,} can be checked.",
            )
        return text

    async def _assignment(self, key: CheckKey) -> str:
        if key.assignment_text_id is None:
            return ""
        try:
            return await self._texts.get(key.assignment_text_id)
        except TextNotFound as error:
            raise CannotCheck(
                "assignment_missing",
                "The text of the assignment is no longer stored. Create the batch again.",
            ) from error

    async def _correct(self, text: str, language: Language, words: ClassWords) -> Corrected:
        try:
            return await self._pool.run(
                computation.correct,
                text,
                language,
                words,
                timeout_seconds=self._limits.seconds,
            )
        except TimeoutError as error:
            raise CannotCheck(
                "time_limit",
                f"The spelling could not be checked within {self._limits.seconds:g} seconds.",
            ) from error
        except OSError as error:
            raise TemporaryError(f"the index cannot be read: {error}") from error
        except TemporaryError:
            raise
        except Exception as error:  # a pure function that has failed fails again
            log.exception("the check failed")
            raise CannotCheck(
                "check_failed",
                "The spelling of this essay could not be checked: an error on our side.",
            ) from error


async def prepare(checker: FromDishka[Checker], transactions: FromDishka[Transactions]) -> None:
    """Before the service takes its first essay: no essay pays for building an index."""
    version = await checker.prepare()
    start = uuid4()
    async with transactions.begin(start, start) as tx:
        tx.emit(SpellcheckEngineStartedV1(engine_version=version))
