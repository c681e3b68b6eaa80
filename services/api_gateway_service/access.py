"""Who may see what: the owner of a request, and the batches that are theirs."""

import time
from collections import OrderedDict
from http import HTTPStatus
from urllib.parse import urlsplit

from quart import Request

from common_core.identifiers import BatchId
from huleedu_service_libs.http import Problem
from services.api_gateway_service.domain.deletions import deleted
from services.api_gateway_service.domain.keys import ApiKeys
from services.api_gateway_service.services import Orchestrator

COOKIE = "huleedu_session"
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_KEPT_OWNERS = 10_000


def owner_of(request: Request, keys: ApiKeys) -> str:
    """By API key or by cookie. Raises Problem: 401 if nobody, 403 if another site has sent it."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme:
        owner = keys.owner_of(key.strip()) if scheme.lower() == "bearer" else None
    else:
        owner = keys.owner_of_session(request.cookies.get(COOKIE, ""), time.time())
        if owner is not None:
            refuse_other_sites(request)
    if owner is None:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "not_authenticated",
            "Send a valid API key: Authorization: Bearer KEY.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return owner


def refuse_other_sites(request: Request) -> None:
    """A cookie goes along with whatever page the browser is on; so ask which one it was."""
    if request.method in _SAFE_METHODS:
        return
    origin = request.headers.get("Origin")
    same = (
        urlsplit(origin).netloc == request.host
        if origin is not None
        else request.headers.get("Sec-Fetch-Site") in {"same-origin", "none"}
    )
    if not same:
        raise Problem(
            HTTPStatus.FORBIDDEN, "foreign_origin", "This form was sent from another site."
        )


class Ownership:
    """Whose batch it is never changes, so it is asked once."""

    def __init__(self, orchestrator: Orchestrator) -> None:
        self._orchestrator = orchestrator
        self._owners: OrderedDict[BatchId, str] = OrderedDict()

    async def require(self, batch_id: BatchId, owner: str) -> None:
        """Raises Problem: 404, whether there is no such batch or it is somebody else's.

        410 for a batch that was deleted: whose it was is not known any more.
        """
        known = self._owners.get(batch_id)
        if known is None:
            record = await self._orchestrator.find(batch_id)
            known = record.owner_id if record else None
            if known is not None:
                self.remember(batch_id, known)
            elif (deletion := await self._orchestrator.deletion(batch_id)) is not None:
                raise Problem(HTTPStatus.GONE, "batch_deleted", deleted(deletion))
        if known != owner:
            raise no_such_batch()

    def forget(self, batch_id: BatchId) -> None:
        self._owners.pop(batch_id, None)

    def remember(self, batch_id: BatchId, owner: str) -> None:
        self._owners[batch_id] = owner
        if len(self._owners) > _KEPT_OWNERS:
            self._owners.popitem(last=False)


def no_such_batch() -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "batch_not_found", "You have no such batch.")
