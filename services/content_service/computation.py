"""What runs in a worker process; it imports the domain alone, so that workers start fast."""

import resource
import sys

from services.content_service.domain import Extracted, Limits, extract
from services.content_service.domain.refusals import Refusal, refuse


def extract_confined(file_name: str, data: bytes, limits: Limits, memory_bytes: int) -> Extracted:
    """Extract with a limit on this process's memory, where the system knows one."""
    if sys.platform == "linux":
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, hard))
    try:
        return extract(file_name, data, limits)
    except MemoryError as error:
        raise refuse(Refusal.UNPACKS_TOO_LARGE) from error
