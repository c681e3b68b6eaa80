"""The ranking as a caterpillar plot: one row per essay, a point with its error bars."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor

from markupsafe import Markup

from huleedu_report.results import EssayResult
from huleedu_report.wording import plausible_ranks, score, shortened

NORMAL_95 = 1.96
"""Half the width of a 95 % interval of a normal distribution, in standard errors."""

_WIDTH = 760
_ROW = 26
_TOP = 14
_AXIS = 44
_LEFT = 236
_RIGHT = _WIDTH - 64
_NAME_LENGTH = 30
_MOST_TICKS = 9


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    step: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(_LEFT + share * (_RIGHT - _LEFT), 1)

    def ticks(self) -> list[float]:
        count = round((self.high - self.low) / self.step)
        return [self.low + index * self.step for index in range(count + 1)]


def caterpillar(
    essays: Sequence[EssayResult], *, link: Callable[[EssayResult], str] | None = None
) -> Markup:
    """An SVG to stand in a page: points are scores, bars one standard error and 95 %.

    Essays without a score are left out. It is coloured by classes that `STYLE` knows, so that it
    follows the page into the dark. `link` makes an essay's name a link.
    """
    ranked = sorted(
        (essay for essay in essays if essay["rank"] is not None),
        key=lambda essay: essay["rank"] or 0,
    )
    if not ranked:
        return Markup("")
    scale = _scale(ranked)
    bottom = _TOP + _ROW * len(ranked)
    rows = Markup("").join(
        _row(essay, _TOP + _ROW * index + _ROW / 2, scale, link)
        for index, essay in enumerate(ranked)
    )
    return Markup(
        '<svg class="caterpillar" viewBox="0 0 {width} {height}" role="img" '
        'aria-label="Scores of {count} essays with error bars, best first; the table has the same '
        'numbers" xmlns="http://www.w3.org/2000/svg">{axis}{rows}</svg>'
    ).format(
        width=_WIDTH,
        height=bottom + _AXIS,
        count=len(ranked),
        axis=_axis(scale, bottom),
        rows=rows,
    )


def _scale(essays: Sequence[EssayResult]) -> _Scale:
    reach = [
        (score - NORMAL_95 * error, score + NORMAL_95 * error)
        for score, error in (
            (essay["score"] or 0, essay["standard_error"] or 0) for essay in essays
        )
    ]
    low = min(0.0, *(pair[0] for pair in reach))
    high = max(0.0, *(pair[1] for pair in reach))
    span = max(high - low, 1.0)
    magnitude = 1.0
    while span / magnitude > _MOST_TICKS:
        magnitude *= 10
    step = next(
        step
        for step in (0.25 * magnitude, 0.5 * magnitude, magnitude)
        if span / step <= _MOST_TICKS
    )
    first, last = floor(low / step), ceil(high / step)
    return _Scale(first * step, max(last, first + 1) * step, step)


def _axis(scale: _Scale, bottom: float) -> Markup:
    lines = Markup("").join(
        Markup(
            '<line class="{kind}" x1="{x}" x2="{x}" y1="{top}" y2="{bottom}"/>'
            '<text class="tick" x="{x}" y="{text}" text-anchor="middle">{label}</text>'
        ).format(
            kind="zero" if value == 0 else "grid",
            x=scale(value),
            top=_TOP,
            bottom=bottom,
            text=bottom + 16,
            label=f"{value:g}".replace("-", "−"),  # noqa: RUF001 - a true minus sign
        )
        for value in scale.ticks()
    )
    return Markup(
        '{lines}<text class="tick" x="{x}" y="{y}" text-anchor="middle">'
        "score in logits; 0 is the average of the set</text>"
    ).format(lines=lines, x=(_LEFT + _RIGHT) / 2, y=bottom + 36)


def _row(
    essay: EssayResult, y: float, scale: _Scale, link: Callable[[EssayResult], str] | None
) -> Markup:
    middle, error = essay["score"] or 0.0, essay["standard_error"] or 0.0
    label = Markup('<text class="name" x="{x}" y="{y}" text-anchor="end">{name}</text>').format(
        x=_LEFT - 14, y=y + 4.5, name=shortened(essay["file"], _NAME_LENGTH)
    )
    if link is not None:
        label = Markup('<a href="{}">{}</a>').format(link(essay), label)
    return Markup(
        '<g class="row{anchor}"><title>{title}</title>{label}'
        '<line class="wide" x1="{wide_low}" x2="{wide_high}" y1="{y}" y2="{y}"/>'
        '<line class="narrow" x1="{low}" x2="{high}" y1="{y}" y2="{y}"/>{point}'
        '<text class="grade" x="{grade_x}" y="{text_y}">{grade}</text></g>'
    ).format(
        anchor=" anchor" if essay.get("anchor") else "",
        title=f"{essay['rank']}. {essay['file']}: {score(essay)}"
        f" (plausible ranks {plausible_ranks(essay)})",
        label=label,
        wide_low=scale(middle - NORMAL_95 * error),
        wide_high=scale(middle + NORMAL_95 * error),
        low=scale(middle - error),
        high=scale(middle + error),
        y=y,
        point=_point(scale(middle), y, anchor=bool(essay.get("anchor"))),
        grade_x=_RIGHT + 16,
        text_y=y + 4.5,
        grade=essay["grade"] or "",
    )


def _point(x: float, y: float, *, anchor: bool) -> Markup:
    if anchor:
        return Markup('<path class="point" d="M{} {}l6 6l-6 6l-6 -6z"/>').format(x, y - 6)
    return Markup('<circle class="point" cx="{}" cy="{}" r="5"/>').format(x, y)
