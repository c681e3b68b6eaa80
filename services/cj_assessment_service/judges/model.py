"""A model behind a chat endpoint as a judge: what is asked again, what is given up, what it costs.

An answer is in the ledger before anybody hears of it, so that a crash buys nothing twice; a call
that a crash has cut off is made again with the same Idempotency-Key.
"""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

import structlog

from common_core.domain_enums import Language
from common_core.identifiers import TextId
from huleedu_service_libs.clock import Clock
from huleedu_service_libs.texts import TextNotFound, Texts
from services.cj_assessment_service.assessment import (
    Assessment,
    CannotAssess,
    Details,
    JudgeIsDone,
    Notes,
    Outcome,
    Pair,
    Verdict,
)
from services.cj_assessment_service.config import Settings
from services.cj_assessment_service.domain import pseudonyms
from services.cj_assessment_service.judges import prompt
from services.cj_assessment_service.judges.endpoint import (
    Endpoint,
    Lost,
    NoReply,
    NotServed,
    Refused,
    Reply,
)
from services.cj_assessment_service.judges.ledger import Account, Bought, Ledger, Tried
from services.cj_assessment_service.judges.pace import Pace

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
_AT_ONCE = 8
"""Texts fetched at the same time."""
_LAST_CALLS_SECONDS = 5.0
_NOBODY_LISTENS = JudgeIsDone("The verdicts are not wanted any more.")
_FREE = Details(cost=Decimal(0))

log = structlog.get_logger()


class ModelJudge:
    def __init__(
        self, settings: Settings, endpoint: Endpoint, ledger: Ledger, texts: Texts, clock: Clock
    ) -> None:
        self._settings = settings
        self._endpoint = endpoint
        self._ledger = ledger
        self._texts = texts
        self._clock = clock
        self._pace = Pace(
            clock,
            at_once=settings.cj_model_concurrency,
            per_minute=settings.cj_model_requests_per_minute,
        )

    async def read(self, text: str, language: Language) -> Notes:  # noqa: ARG002 - the protocol
        """Nothing is kept: the model reads both essays each time."""
        return {}

    def version(self, assessment: Assessment) -> str:
        """The model and all it is told beside the essays."""
        settings = self._settings
        told = {
            "model": self._endpoint.model,
            "prompt": prompt.PROMPT_VERSION,
            "language": assessment.language,
            "assignment": assessment.assignment_text_id,
            "rubric": assessment.rubric_text_id or settings.cj_model_rubric,
            "degrees": settings.cj_model_degrees,
            "names": settings.cj_model_keep_names,
        }
        return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    async def judge(
        self, assessment: Assessment, pairs: Sequence[Pair]
    ) -> AsyncGenerator[Sequence[Verdict], None]:
        questions = await self._questions(assessment, pairs)
        pairs_of: dict[str, list[Pair]] = {}
        for pair, question in questions.items():
            pairs_of.setdefault(question.key, []).append(pair)
        known = await self._ledger.answers(assessment.run_id, pairs_of)
        if known:
            yield [
                Verdict(pair, bought.outcome, bought.details)
                for key, bought in known.items()
                for pair in pairs_of.pop(key)
            ]
        tried = await self._ledger.tried(assessment.run_id, pairs_of)
        errand = _Errand(self._account(assessment), self._ledger)
        tasks = [
            asyncio.create_task(
                self._buy(errand, same, questions[same[0]], tried.get(key, Tried()))
            )
            for key, same in pairs_of.items()
        ]
        try:
            for finished in asyncio.as_completed(tasks):
                verdicts = await finished
                if verdicts:
                    yield verdicts
        except GeneratorExit:
            # Nobody listens any more, as when the run is paused. What is under way is paid for, and
            # its answers can be kept for later.
            errand.end = _NOBODY_LISTENS
            await asyncio.wait(tasks, timeout=_LAST_CALLS_SECONDS)
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if errand.end is not None:
            raise errand.end

    def _account(self, assessment: Assessment) -> Account:
        settings = self._settings
        return Account(
            assessment.batch_id,
            assessment.run_id,
            settings.cj_model_judge,
            settings.cj_model_spending_cap,
        )

    async def _questions(
        self, assessment: Assessment, pairs: Sequence[Pair]
    ) -> dict[Pair, prompt.Question]:
        """What is asked about each pair, with everything as it will leave the house."""
        limit = asyncio.Semaphore(_AT_ONCE)

        async def text_of(text_id: TextId) -> str:
            async with limit:
                return await self._texts.get(text_id)

        wanted = [essay.text_id for essay in assessment.essays]
        given = (assessment.assignment_text_id, assessment.rubric_text_id)
        wanted += [text_id for text_id in given if text_id is not None]
        try:
            texts = await asyncio.gather(*map(text_of, wanted))
        except TextNotFound as error:
            raise CannotAssess(
                "text_missing", "A text of this batch is no longer stored. Upload the files again."
            ) from error
        names = [essay.file_name for essay in assessment.essays]
        sent = await asyncio.to_thread(self._as_sent, names, texts)
        beside = iter(sent[len(assessment.essays) :])
        assignment, rubric = (None if text_id is None else next(beside) for text_id in given)
        return {
            pair: prompt.Question(
                model=self._endpoint.model,
                first=sent[pair[0]],
                second=sent[pair[1]],
                language=assessment.language,
                assignment=assignment,
                rubric=rubric or self._settings.cj_model_rubric,
                degrees=self._settings.cj_model_degrees,
            )
            for pair in pairs
        }

    def _as_sent(self, file_names: list[str], texts: list[str]) -> list[str]:
        if self._settings.cj_model_keep_names:
            return texts
        people = pseudonyms.people_of_files(file_names)
        for text in texts:
            people += pseudonyms.people_of_text(text)
        people = list(dict.fromkeys(people))
        return [pseudonyms.pseudonymise(text, people) for text in texts]

    async def _buy(
        self, errand: "_Errand", same: Sequence[Pair], question: prompt.Question, tried: Tried
    ) -> list[Verdict]:
        """The verdict on pairs of the same texts; none if the errand ends before it is asked."""
        asked = _Asked(question, prompt.messages(question), tried.unusable, tried.paid)
        patience_ends = self._clock.monotonic() + self._settings.cj_model_patience_seconds
        while asked.paid < self._settings.cj_model_attempts:
            try:
                bought = await self._call(errand, asked)
            except (CannotAssess, JudgeIsDone) as end:
                errand.end = errand.end or end
                return []
            except Refused as refusal:
                asked.reason = refusal.reason
                break
            except NotServed as busy:
                asked.reason = busy.reason
                asked.pauses += 1
                pause = self._pause(busy, asked.pauses)
                if self._clock.monotonic() + pause > patience_ends:
                    break
                await self._clock.sleep(pause)
            except NoReply as failure:
                asked.reason = failure.reason
                asked.paid += 1
            else:
                return [Verdict(pair, bought.outcome, bought.details) for pair in same if bought]
        log.info("no verdict", judge=errand.account.judge, reason=asked.reason)
        return [Verdict(pair, None, given_up=f"It {asked.reason}.") for pair in same]

    async def _call(self, errand: "_Errand", asked: "_Asked") -> Bought | None:
        """Make one call within the cap, and note how it ended before saying so."""
        async with self._pace.turn():
            await self._pace.wait()
            if errand.end is not None:
                return None
            worst = self._endpoint.worst_cost(asked.messages)
            async with errand.paying(asked.question.key, worst) as call_id:
                try:
                    reply = await self._endpoint.ask(
                        asked.messages,
                        prompt.response_format(asked.question),
                        asked.idempotency_key,
                    )
                except Lost:
                    await self._ledger.settle(call_id, "lost", Details())
                    raise
                except (NoReply, CannotAssess, JudgeIsDone):
                    await self._ledger.settle(call_id, "not_served", _FREE)
                    raise
                return await self._keep(call_id, asked, reply)

    async def _keep(self, call_id: UUID, asked: "_Asked", reply: Reply) -> Bought:
        details = Details(
            latency_seconds=reply.latency_seconds,
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            cost=self._endpoint.cost(reply),
            model=reply.model,
            prompt_version=prompt.PROMPT_VERSION,
        )
        try:
            outcome, reason = _outcome(reply, degrees=asked.question.degrees)
        except prompt.Unusable as unusable:
            await self._ledger.settle(call_id, "unusable", details)
            asked.unusable += 1
            raise NoReply(unusable.reason) from unusable
        details = replace(details, reason=reason)
        await self._ledger.settle(call_id, "verdict", details, outcome)
        return Bought(outcome, details)

    def _pause(self, busy: NotServed, pauses: int) -> float:
        """Seconds until the next try; what the endpoint asks for holds for all calls."""
        if busy.retry_after is not None:
            self._pace.hold(min(busy.retry_after, self._settings.cj_model_patience_seconds))
            return busy.retry_after
        longest: float = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(pauses - 1, 16))
        return longest * random.uniform(0.75, 1.0)  # noqa: S311 - spreads retries, hides nothing


@dataclass
class _Asked:
    """A question with what came of asking it so far."""

    question: prompt.Question
    messages: list[dict[str, str]]
    unusable: int
    """Answers without a verdict: each has made the next one another request."""
    paid: int
    reason: str = "failed before the service was restarted"
    pauses: int = 0

    @property
    def idempotency_key(self) -> str:
        return "huleedu-" + sha256(f"{self.question.key} {self.unusable}".encode()).hexdigest()


class _Errand:
    """What the calls of one wave have in common: their account, and whether it is over."""

    def __init__(self, account: Account, ledger: Ledger) -> None:
        self.account = account
        self.end: CannotAssess | JudgeIsDone | None = None
        self._ledger = ledger
        self._under_way = 0
        self._one_settled = asyncio.Event()

    @asynccontextmanager
    async def paying(self, question: str, worst_cost: Decimal) -> AsyncIterator[UUID]:
        """Reserve the worst cost of a call; JudgeIsDone if the cap does not allow it.

        Calls under way may turn out cheaper than they could have been, so they are waited for.
        """
        while True:
            settled = self._one_settled
            call_id = await self._ledger.reserve(self.account, question, worst_cost)
            if call_id is not None:
                break
            if not self._under_way and not settled.is_set():
                raise JudgeIsDone(
                    f'The judge "{self.account.judge}" may not cost this batch more than '
                    f"{self.account.cap:f}."
                )
            await settled.wait()
        self._under_way += 1
        try:
            yield call_id
        finally:
            self._under_way -= 1
            settled, self._one_settled = self._one_settled, asyncio.Event()
            settled.set()


def _outcome(reply: Reply, *, degrees: bool) -> tuple[Outcome, str]:
    if reply.refused:
        raise prompt.Unusable("refused to judge these essays")
    if reply.truncated:
        raise prompt.Unusable("gave an answer longer than it may be")
    return prompt.read_answer(reply.text or "", degrees=degrees)
