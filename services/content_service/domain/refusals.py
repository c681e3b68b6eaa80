"""Why a file cannot be read, in words for the teacher who sent it."""

from enum import StrEnum


class Refusal(StrEnum):
    """The stable codes; they travel in events and HTTP answers."""

    EMPTY_FILE = "empty_file"
    FILE_TOO_LARGE = "file_too_large"
    TEXT_TOO_LONG = "text_too_long"
    NO_TEXT = "no_text"
    SCANNED_PDF = "scanned_pdf"
    PASSWORD_PROTECTED = "password_protected"  # noqa: S105 - a code, not a secret
    DAMAGED_FILE = "damaged_file"
    NOT_WHAT_IT_SAYS = "not_what_it_says"
    UNPACKS_TOO_LARGE = "unpacks_too_large"
    PICTURE = "picture"
    OLD_WORD = "old_word"
    UNSUPPORTED_KIND = "unsupported_kind"
    NOT_TEXT = "not_text"
    TIMED_OUT = "timed_out"


REASONS: dict[Refusal, str] = {
    Refusal.EMPTY_FILE: "The file is empty; check that the essay was saved and upload it again.",
    Refusal.FILE_TOO_LARGE: (
        "The file is larger than {limit}; save the essay without pictures and upload it again."
    ),
    Refusal.TEXT_TOO_LONG: (
        "The text is longer than {limit} characters, too long for one essay; "
        "upload one file for each essay."
    ),
    Refusal.NO_TEXT: (
        "The file holds no words; check that it is the right file and upload it again."
    ),
    Refusal.SCANNED_PDF: (
        "The PDF holds pictures of pages but no text, as a scan does; "
        "upload the document it was made from, or run text recognition on it first."
    ),
    Refusal.PASSWORD_PROTECTED: (
        "The file is protected with a password; remove the password and upload it again."
    ),
    Refusal.DAMAGED_FILE: (
        "The file is damaged and cannot be opened; "
        "open it in a word processor, save it again as .docx or PDF and upload that."
    ),
    Refusal.NOT_WHAT_IT_SAYS: (
        "The file name ends in {ending}, but the file is not of that kind; "
        "open it in the program it was written with and save it as .docx or PDF."
    ),
    Refusal.UNPACKS_TOO_LARGE: (
        "The file unpacks to far more data than an essay has and was not opened; "
        "copy the text into a new document and upload that."
    ),
    Refusal.PICTURE: (
        "The file is a picture, and text in pictures cannot be read; "
        "upload the essay as .docx, .odt, .pdf or .txt."
    ),
    Refusal.OLD_WORD: (
        "The file is in an old Word format; open it, save it as .docx or PDF and upload that."
    ),
    Refusal.UNSUPPORTED_KIND: (
        "The file is {kind}, which cannot be read here; "
        "open it, save or export it as .docx or PDF and upload that."
    ),
    Refusal.NOT_TEXT: (
        "The file is not a text document; upload the essay as .docx, .odt, .pdf or .txt."
    ),
    Refusal.TIMED_OUT: (
        "The file took too long to open and was given up; "
        "copy the text into a new document and upload that."
    ),
}


class UnreadableFile(Exception):  # noqa: N818 - a verdict about the file, not a fault here
    """The file gives no text.

    `code` is one of `Refusal`; `reason` is one sentence that says what is wrong and what to do.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


def refuse(refusal: Refusal, **details: str) -> UnreadableFile:
    return UnreadableFile(refusal.value, REASONS[refusal].format(**details))
