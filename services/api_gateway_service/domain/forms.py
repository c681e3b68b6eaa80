"""The upload form of the page, read into what the API takes."""

from collections.abc import Mapping

from common_core.models import AnchorFile
from services.api_gateway_service.domain.bodies import DEFAULT_JUDGE, NewBatch


def new_batch(form: Mapping[str, str], essay_count: int) -> NewBatch:
    """Raises ValueError with a sentence for a line that is no anchor, else ValidationError."""
    scale = [grade.strip() for grade in form.get("grade_scale", "").split(",")]
    anchors = tuple(_anchor(line) for line in form.get("anchors", "").splitlines() if line.strip())
    glossary = tuple(filter(None, (line.strip() for line in form.get("glossary", "").splitlines())))
    return NewBatch.model_validate(
        {
            "name": form.get("name", "").strip(),
            "language": form.get("language", "en"),
            "essay_count": essay_count,
            "assignment": form.get("assignment") or None,
            "rubric": form.get("rubric") or None,
            "glossary": glossary or None,
            "anchors": anchors or None,
            "grade_scale": tuple(filter(None, scale)) if anchors else None,
            "judge": form.get("judge") or DEFAULT_JUDGE,
        }
    )


def _anchor(line: str) -> AnchorFile:
    """`file, grade`; the file's name may have commas of its own."""
    file, comma, grade = line.rpartition(",")
    if not comma or not file.strip() or not grade.strip():
        raise ValueError(f"“{line.strip()}” is not of the form: file name, grade.")
    return AnchorFile(file=file.strip(), grade=grade.strip())
