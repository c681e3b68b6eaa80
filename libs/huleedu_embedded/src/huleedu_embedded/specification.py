"""What a program asks of the process that hosts its servers."""

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Specification:
    """Which servers to run. Data lies in `directory` and stays; without one it is thrown away."""

    parts: list[str] = field(default_factory=list)
    topics: dict[str, int] = field(default_factory=dict)
    directory: str | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Specification":
        return cls(**json.loads(text))
