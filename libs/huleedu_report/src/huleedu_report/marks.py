"""An essay's text with its corrections marked in place, as HTML without any script."""

from itertools import chain

from markupsafe import Markup, escape

from huleedu_report.results import Correction, EssayResult
from huleedu_report.wording import kind, percent


def marked_text(essay: EssayResult) -> Markup:
    """The essay's text: corrections struck with their suggestion, other marks underlined.

    Behind an underlined word stands what it may be, with a question mark, as decoration: it is
    not copied with the text.
    Everything from the essay is escaped. Each mark can be hovered and focused, and then shows
    what is suggested and how sure the checker is. Raises ValueError if two marks overlap or one
    does not lie on its own words, for then the marks belong to another text.
    """
    text = essay.get("text")
    if text is None:
        return escape(essay["corrected_text"])
    marks = sorted(
        chain(
            ((correction, True) for correction in essay["corrections"]),
            ((mark, False) for mark in essay.get("marked", [])),
        ),
        key=lambda pair: pair[0]["start"],
    )
    parts: list[Markup] = []
    position = 0
    for mark, applied in marks:
        start, end = mark["start"], mark["end"]
        if start < position or text[start:end] != mark["original"]:
            raise ValueError(f"the mark at {start} of essay {essay['essay_id']} does not fit")
        parts.append(escape(text[position:start]))
        parts.append(_correction(mark) if applied else _remark(mark))
        position = end
    parts.append(escape(text[position:]))
    return Markup("").join(parts)


def _correction(mark: Correction) -> Markup:
    suggestion = mark["suggestions"][0] if mark["suggestions"] else ""
    return Markup(
        '<span class="mark correction" tabindex="0">'
        '<del>{original}</del><ins class="put-in">{suggestion}</ins>{note}</span>'
    ).format(original=mark["original"], suggestion=suggestion, note=_note(mark, applied=True))


def _remark(mark: Correction) -> Markup:
    perhaps = f"{mark['suggestions'][0]}?" if mark["suggestions"] else "?"
    return Markup(
        '<span class="mark remark" tabindex="0">'
        '<span class="doubted" data-perhaps="{perhaps}">{original}</span>{note}</span>'
    ).format(original=mark["original"], perhaps=perhaps, note=_note(mark, applied=False))


def _note(mark: Correction, *, applied: bool) -> Markup:
    others = mark["suggestions"][1:] if applied else mark["suggestions"]
    label = "Other suggestions" if applied else "Perhaps"
    sure = f"{percent(mark['confidence'])} sure"
    if not applied:
        sure = f"{sure}, not put into the corrected text" if others else "No suggestion"
    return Markup('<span class="note"><b>{kind}</b>{others}{sure}</span>').format(
        kind=kind(mark.get("kind", "spelling")),
        others=Markup('<span class="line">{}: {}</span>').format(label, ", ".join(others))
        if others
        else "",
        sure=Markup('<span class="line quiet">{}</span>').format(sure),
    )
