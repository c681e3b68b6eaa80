"""Who is asking: API keys, and the signed sessions that stand for them in a browser."""

import hmac
from dataclasses import dataclass
from hashlib import sha256

SESSION_SECONDS = 12 * 3600


class InvalidKeysError(ValueError):
    """The setting with the keys cannot be read. The message holds no key."""


@dataclass(frozen=True)
class ApiKeys:
    """Owners by the SHA-256 of their key: what is compared says nothing about what is right."""

    owners: dict[str, str]
    secret: bytes
    """What sessions are signed with. It changes with the keys, so no session outlives its key."""

    @classmethod
    def parse(cls, text: str) -> "ApiKeys":
        """`key:owner,key:owner`; only a key may contain colons. Raises InvalidKeysError."""
        owners: dict[str, str] = {}
        for number, entry in enumerate(filter(None, map(str.strip, text.split(","))), start=1):
            key, colon, owner = entry.rpartition(":")
            if not colon or not key or not owner:
                raise InvalidKeysError(f"API_KEYS: entry {number} is not of the form key:owner")
            if owners.setdefault(_digest(key), owner) != owner:
                raise InvalidKeysError(f"API_KEYS: the key of entry {number} has two owners")
        return cls(owners, hmac.digest(b"session", text.encode(), "sha256"))

    def owner_of(self, key: str) -> str | None:
        return self._owner_of_digest(_digest(key))

    def session(self, key: str, now: float) -> str:
        """A value for a cookie, good for `SESSION_SECONDS` from `now`, in Unix time."""
        body = f"{int(now) + SESSION_SECONDS}.{_digest(key)}"
        return f"{body}.{self._signature(body)}"

    def owner_of_session(self, session: str, now: float) -> str | None:
        body, _, signature = session.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(body).encode()):
            return None
        expires, _, digest = body.partition(".")
        return self._owner_of_digest(digest) if now < int(expires) else None

    def _signature(self, body: str) -> str:
        return hmac.digest(self.secret, body.encode(), "sha256").hex()

    def _owner_of_digest(self, digest: str) -> str | None:
        """Every key is looked at, however early one fits."""
        found = None
        for known, owner in self.owners.items():
            if hmac.compare_digest(known.encode(), digest.encode()):
                found = owner
        return found


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()
