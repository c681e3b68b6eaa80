"""How far a partition may be committed: up to the lowest offset that is not resolved. No I/O."""

from collections import OrderedDict


class Progress:
    """Of one partition in one assignment. Offsets come in rising order and may have holes."""

    def __init__(self) -> None:
        self._pending: OrderedDict[int, float] = OrderedDict()
        self._next: int | None = None
        self._committed: int | None = None

    def accept(self, offset: int, now: float = 0.0) -> None:
        if self._next is not None and offset < self._next:
            raise ValueError(f"offset {offset} comes after {self._next - 1}")
        if self._next is None:
            self._committed = offset  # where the group stands, or what follows it after a hole
        self._pending[offset] = now
        self._next = offset + 1

    def resolve(self, offset: int) -> None:
        del self._pending[offset]

    @property
    def pending(self) -> int:
        return len(self._pending)

    @property
    def oldest(self) -> float | None:
        """When the first of what is not resolved was accepted."""
        return next(iter(self._pending.values()), None)

    @property
    def to_commit(self) -> int | None:
        """The offset to commit.

        None if the last commit says it already, or nothing was accepted.
        """
        position = next(iter(self._pending), self._next)
        return None if position == self._committed else position

    def committed(self, offset: int) -> None:
        """A commit of that offset has succeeded."""
        if self._committed is None or offset > self._committed:
            self._committed = offset
