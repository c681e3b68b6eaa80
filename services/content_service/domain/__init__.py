"""Files in, text out: pure functions without I/O.

`extract(file_name, data)` is safe to run in a worker process: its arguments, its result and its
exception can be pickled.
"""

from services.content_service.domain.extraction import Extracted, Limits, extract
from services.content_service.domain.refusals import UnreadableFile
from services.content_service.domain.wording import content_hash, word_count

__all__ = ["Extracted", "Limits", "UnreadableFile", "content_hash", "extract", "word_count"]
