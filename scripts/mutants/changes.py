"""The ways to break the library that its tests have to notice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """`old` stands once in the file, which is below the library's package."""

    name: str
    file: str
    old: str
    new: str
    everywhere: bool = False
    """Whether each service's suite has to notice it, and not only the library's."""


_CLAIM = "idempotency/scripts/claim.lua"
_CONFIRM = "idempotency/scripts/confirm.lua"
_RELEASE = "idempotency/scripts/release.lua"
_DECORATOR = "idempotency/decorator.py"
_CONFIG = "idempotency/config.py"

MUTANTS = (
    Mutant(
        "confirm never writes completed",
        _CONFIRM,
        "if record and record.state == 'completed' then",
        "if true then",
        everywhere=True,
    ),
    Mutant(
        "completed TTL always 1 s",
        _CONFIG,
        "return self.event_type_ttls.get(event_type, self.default_ttl_seconds)",
        "return 1.0",
        everywhere=True,
    ),
    Mutant(
        "lease not released on failure",
        _DECORATOR,
        "if lease is not None and not confirmed:",
        "if False:",
        everywhere=True,
    ),
    Mutant(
        "processing TTL 7 days",
        _CONFIG,
        "processing_ttl_seconds: float = 300",
        "processing_ttl_seconds: float = 604_800",
        everywhere=True,
    ),
    Mutant(
        "a lease held by another is ignored",
        _CLAIM,
        "answer = {'held', failures, crashes, redis.call('PTTL', key), record.worker}",
        "take(key, token, fingerprint)\n      answer = {'claimed', failures, crashes, 0, worker}",
        everywhere=True,
    ),
    Mutant(
        "a stale lease is never recovered",
        _CLAIM,
        "elseif redis.call('EXISTS', prefix .. record.worker) == 0 then",
        "elseif false then",
        everywhere=True,
    ),
    Mutant(
        "a lost claim race is ignored",
        _DECORATOR,
        "if claim.lease is None:",
        "if False:",
        everywhere=True,
    ),
    Mutant("fail-open turned into fail-closed", _DECORATOR, "if side_effects_only:", "if True:"),
    Mutant(
        "keys without the service",
        _CONFIG,
        'return f"huleedu:event:{self.consumer_name}:{event_id}"',
        'return f"huleedu:event:{event_id}"',
    ),
    Mutant(
        "completed ignored",
        _DECORATOR,
        "if claim.verdict is Verdict.COMPLETED:\n        return None",
        "if claim.verdict is Verdict.COMPLETED:\n"
        "        return await _run(leases, None, identity, message, handler)",
    ),
    Mutant(
        "completed written before the handler",
        _DECORATOR,
        "result = await handler(message,",
        "await confirm_idempotency()\n            result = await handler(message,",
    ),
    Mutant(
        "confirm without checking the token",
        _CONFIRM,
        "elseif record and record.token ~= token then",
        "elseif false then",
    ),
    Mutant(
        "release without checking the token",
        _RELEASE,
        "if record and record.state == 'processing' and record.token == token then",
        "if record and record.state == 'processing' then",
    ),
    Mutant(
        "inbox insert after the effects",
        "transaction.py",
        """            try:
                new = await inbox.enter(
                    unit.connection, consumer, [event.identity for event in events]
                )
            except OSError as error:
                raise DatabaseUnavailable(f"{type(error).__name__}: {error}") from error
            views = [
                self._transaction(unit, event.identity.event_id, event.correlation_id)
                if event.identity.event_id in new
                else None
                for event in events
            ]
            yield views
""",
        """            views: list[Transaction | None] = [
                self._transaction(unit, event.identity.event_id, event.correlation_id)
                for event in events
            ]
            yield views
            identities = [event.identity for event in events]
            new = await inbox.enter(unit.connection, consumer, identities)
            views = [tx for tx in views if tx is not None and tx.cause in new]
""",
    ),
    Mutant(
        "outbox row outside the transaction",
        "transaction.py",
        "        await append(unit.connection, outgoing)\n",
        "        async with UnitOfWork(self.engine) as other:\n"
        "            await append(other.connection, outgoing)\n"
        "            await other.commit()\n",
    ),
    Mutant(
        "offset committed for a deferred event",
        "handled.py",
        "return self.outcome in (Outcome.DONE,",
        "return self.outcome in (Outcome.IN_PROGRESS, Outcome.DONE,",
    ),
    Mutant(
        "commit without offsets",
        "consumer/consumer.py",
        "await client.commit({TopicPartition(*tp): at for tp, at in offsets.items()})",
        "await client.commit()",
    ),
    Mutant(
        "a handler error taken for a Redis error",
        _DECORATOR,
        "    return await _run(leases, claim, identity, message, handler)",
        "    try:\n"
        "        return await _run(leases, claim, identity, message, handler)\n"
        "    except Exception:\n"
        "        return await _run(leases, None, identity, message, handler)",
    ),
    Mutant(
        "an event of a deleted batch takes effect",
        "inbox.py",
        "return new - {event.event_id for event in ordered if event.batch_id in barred}",
        "return new",
        everywhere=True,
    ),
    Mutant(
        "a deletion is looked for before it is waited for",
        "migrations/versions/0002_barred_batches.py",
        "LANGUAGE plpgsql VOLATILE",
        "LANGUAGE plpgsql STABLE",
    ),
)
