"""What a service hears: a table from event class to handler.

    router = Router()

    @router.on(SomethingV1) async def handle(event: EventEnvelope[SomethingV1], tx: Transaction,
    thing: FromDishka[Thing]) -> None:
        ...                                  # all within one transaction, which the engine opens
        and commits

    @router.work(SomethingElseV1) async def do(event: EventEnvelope[SomethingElseV1], work: Work,
    texts: FromDishka[Texts]) -> None:
        text = await texts.fetch(...)        # slow: under the lease, outside any transaction
        async with work.transaction() as tx:
            ...

Handlers stay plain coroutines; what they ask for with `FromDishka[...]` is fetched once when the
consumer starts.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated, Any, Protocol, TypeVar, get_args, get_origin, get_type_hints

from dishka import AsyncContainer
from dishka.entities.key import _FromComponent
from pydantic import TypeAdapter

from common_core.events.envelope import EventData, EventEnvelope
from common_core.topics import EventType, event_type_of
from huleedu_service_libs.transaction import Transaction

Handler = Callable[..., Awaitable[None]]
HandlerT = TypeVar("HandlerT", bound=Handler)


class Work(Protocol):
    """What a `router.work` handler gets instead of an open transaction."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """The transaction of this event's effects; once per event.

        If the event has taken effect before, the handler ends here, quietly.
        """
        ...


class Mode(Enum):
    TRANSACTION = auto()
    WORK = auto()


@dataclass(frozen=True)
class Route:
    event_type: EventType
    handler: Handler
    mode: Mode
    completed_ttl_seconds: float | None
    envelope: "TypeAdapter[EventEnvelope[EventData]]"


class Router:
    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}

    def on(
        self, model: type[EventData], *, completed_ttl_seconds: float | None = None
    ) -> Callable[[HandlerT], HandlerT]:
        """Handle the event within one transaction: `handler(event, tx, ...)`.

        The handler has no effect but through `tx`; it may be called again after a rollback, and
        share its transaction with other events that are there at the same time, its own key's and
        others'. It then runs after their handlers and finds in the database what they have done;
        what it does itself it does through `tx`, and does not commit or roll back.
        """
        return self._register(model, Mode.TRANSACTION, completed_ttl_seconds)

    def work(
        self, model: type[EventData], *, completed_ttl_seconds: float | None = None
    ) -> Callable[[HandlerT], HandlerT]:
        """Handle the event with slow work before its transaction: `handler(event, work, ...)`."""
        return self._register(model, Mode.WORK, completed_ttl_seconds)

    def include(self, other: "Router") -> None:
        """Hear what the other hears too: a service with several handler modules."""
        for route in other:
            self._add(route)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes.values())

    def __getitem__(self, topic: str) -> Route:
        """The route of a topic; KeyError if this service does not hear it."""
        return self._routes[topic]

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(self._routes)

    @property
    def completed_ttls(self) -> Mapping[str, float]:
        return {
            route.event_type.name: route.completed_ttl_seconds
            for route in self
            if route.completed_ttl_seconds is not None
        }

    def _register(
        self, model: type[EventData], mode: Mode, completed_ttl_seconds: float | None
    ) -> Callable[[HandlerT], HandlerT]:
        def register(handler: HandlerT) -> HandlerT:
            adapter: TypeAdapter[EventEnvelope[EventData]] = TypeAdapter(
                EventEnvelope[model]  # type: ignore[valid-type]  # pydantic builds the class at run time
            )
            self._add(Route(event_type_of(model), handler, mode, completed_ttl_seconds, adapter))
            return handler

        return register

    def _add(self, route: Route) -> None:
        topic = route.event_type.topic
        if topic in self._routes:
            raise ValueError(f"{route.event_type.name} has a handler already")
        self._routes[topic] = route


async def dependencies_of(route: Route, container: AsyncContainer) -> dict[str, Any]:
    """What the handler asks for, by parameter name, from the application's container."""
    hints = get_type_hints(route.handler, include_extras=True)
    found: dict[str, Any] = {}
    for name in list(inspect.signature(route.handler).parameters)[2:]:
        hint = hints.get(name)
        component = _component(hint)
        if component is None:
            raise TypeError(
                f"{route.handler.__qualname__}: parameter {name} is not annotated FromDishka[...]"
            )
        found[name] = await container.get(get_args(hint)[0], component=component.component)
    return found


def _component(hint: object) -> _FromComponent | None:
    if get_origin(hint) is not Annotated:
        return None
    return next((extra for extra in get_args(hint)[1:] if isinstance(extra, _FromComponent)), None)
