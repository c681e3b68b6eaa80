"""Bytes that claim to be plain text."""

import codecs

from services.content_service.domain.refusals import Refusal, refuse

_SAMPLE = 65_536
_BOMS = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
]
_TEXT_CONTROLS = frozenset("\t\n\r\f\v\x1a\x85")


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Read the bytes that are not UTF-8 as Windows-1252, and its five unused bytes as Latin-1.

    In Latin script a letter above 127 is followed by what cannot continue a UTF-8 sequence, so this
    reads pure Windows-1252, and also a UTF-8 text into which some such bytes were pasted.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    text = "".join(
        bytes([byte]).decode("latin-1" if byte in b"\x81\x8d\x8f\x90\x9d" else "cp1252")
        for byte in wrong
    )
    return text, error.end


codecs.register_error("windows-1252", _as_windows_1252)


def decode(data: bytes, *, max_characters: int) -> str:
    """Decode by the byte order mark, else as UTF-16 if it looks so, else as UTF-8.

    What is not valid UTF-8 is read as Windows-1252. Raises `UnreadableFile` for what is not text,
    or too long.
    """
    encoding, body = _encoding(data)
    if _is_binary(body[:_SAMPLE].decode(encoding, errors=_errors(encoding))):
        raise refuse(Refusal.NOT_TEXT)
    if len(body) > 4 * max_characters:  # no encoding here needs more than four bytes a character
        raise refuse(Refusal.TEXT_TOO_LONG, limit=f"{max_characters:,}")
    return body.decode(encoding, errors=_errors(encoding))


def _encoding(data: bytes) -> tuple[str, bytes]:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding, data[len(mark) :]
    sample = data[:_SAMPLE]
    # Letters of European languages have a zero byte beside them in UTF-16, and none in UTF-8.
    pairs = max(1, len(sample) // 2)
    if sample[1::2].count(0) > pairs * 0.6 and sample[::2].count(0) < pairs * 0.1:
        return "utf-16-le", data
    if sample[::2].count(0) > pairs * 0.6 and sample[1::2].count(0) < pairs * 0.1:
        return "utf-16-be", data
    return "utf-8", data


def _errors(encoding: str) -> str:
    return "windows-1252" if encoding == "utf-8" else "replace"


def _is_binary(sample: str) -> bool:
    strange = sum(
        1
        for character in sample
        if (character < " " or "\x7f" <= character < "\xa0" or character == "\ufffd")
        and character not in _TEXT_CONTROLS
    )
    return strange > 2 + len(sample) // 20
