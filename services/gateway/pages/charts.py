"""Charts as inline SVG. Colours come from the style sheet, and the page shows the numbers of each chart as text too. Pure."""

from collections.abc import Sequence

from markupsafe import Markup

from services.gateway.pages.french import percent, quarter_plain, quarter_short
from services.reporting.answers import Cell, GapCell, RateCell, TrendPoint, ValueCell
from services.vocabulary.french_format import number

SPARK_HEIGHT, SPARK_WIDTH, SPARK_MARGIN = 22, 84, 3  # SVG user units
TREND_WIDTH, TREND_HEIGHT = 720, 220  # SVG user units
TREND_LEFT, TREND_TOP, TREND_BOTTOM = 44, 16, 34  # the margins, which hold the labels of the axes


def value_of(cell: Cell | None) -> float | None:
    """The number that a chart draws for a cell: None where it is masked or has no value."""
    match cell:
        case RateCell(percent=percentage):
            return percentage
        case ValueCell(value=value) | GapCell(value=value):
            return value
        case _:
            return None


def bar(share: float, *, second: float = 0, target: float | None = None, label: str) -> Markup:
    """A percentage as a bar. `second` continues it in the lighter colour; `target` is marked."""
    mark = Markup('<rect class="mark" x="{}" y="0" width=".9" height="10"/>').format(round(target - 0.45, 2)) if target is not None else ""
    return Markup(
        '<svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{label}">'
        '<rect class="rest" y="2" width="100" height="6"/><rect class="second" y="2" width="{both}" height="6"/>'
        '<rect class="first" y="2" width="{share}" height="6"/>{mark}</svg>'
    ).format(label=label, both=round(share + second, 2), share=round(share, 2), mark=mark)


def flow_bar(value: float, most: float, *, second: bool) -> Markup:
    width = max(0.4, round(100 * value / most, 2)) if value and most else 0
    return Markup(
        '<svg class="flow" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="{}" width="{}" height="10"/></svg>'
    ).format("second" if second else "first", width)


def scaled(values: Sequence[float | None]) -> tuple[float, float]:
    """The lowest value and the span of the values. Equal values get a span that draws them in the middle."""
    known = [value for value in values if value is not None]
    low, high = min(known), max(known)
    return (low, high - low) if high > low else (low - 1, 2)


def runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """The points cut at each None: a masked quarter interrupts the line."""
    found: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            found.append([])
        else:
            found[-1].append(point)
    return [run for run in found if run]


def polylines(points: Sequence[tuple[float, float] | None]) -> Markup:
    return Markup("").join(
        Markup('<polyline class="line" points="{}"/>').format(" ".join(f"{x:.1f},{y:.1f}" for x, y in run))
        for run in runs(points)
        if len(run) > 1
    )


def dot(point: tuple[float, float], radius: float, title: str = "") -> Markup:
    title_markup = Markup("<title>{}</title>").format(title) if title else ""
    return Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="{}">{}</circle>').format(*point, radius, title_markup)


def spark(trend: Sequence[TrendPoint], quarter: str) -> Markup:
    """A small line without numbers, up to the quarter of the page: it shows whether the figure rises."""
    shown = [point for point in trend if point.quarter <= quarter]
    values = [value_of(point.cell) for point in shown]
    if sum(value is not None for value in values) < 2:
        return Markup("")
    low, span = scaled(values)
    step = (SPARK_WIDTH - 4) / max(1, len(values) - 1)
    points = [
        None if value is None else (2 + step * nth, SPARK_HEIGHT - SPARK_MARGIN - (SPARK_HEIGHT - 2 * SPARK_MARGIN) * (value - low) / span)
        for nth, value in enumerate(values)
    ]
    last = points[-1]
    end = dot(last, 2.2) if last else Markup("")
    line = polylines(points) + end
    return Markup('<svg class="spark" viewBox="0 0 {} {}" aria-hidden="true">{}</svg>').format(SPARK_WIDTH, SPARK_HEIGHT, line)


def trend(points: Sequence[TrendPoint], unit: str, quarter: str, links: Sequence[str]) -> Markup:
    """A line over all quarters, and the target of each. A point is a link to the page of its quarter; the one of `quarter` is larger."""
    values = [value_of(point.cell) for point in points]
    if not any(value is not None for value in values):
        return Markup("")
    known = [value for value in (*values, *(point.target for point in points)) if value is not None]
    highest, lowest = ceiling(max(known)), -ceiling(-min(known)) if min(known) < 0 else 0.0
    step = (TREND_WIDTH - TREND_LEFT - 40) / max(1, len(values) - 1)

    def y(value: float) -> float:
        return TREND_TOP + (TREND_HEIGHT - TREND_TOP - TREND_BOTTOM) * (highest - value) / (highest - lowest)

    coordinates = [None if value is None else (TREND_LEFT + 12 + step * nth, y(value)) for nth, value in enumerate(values)]
    texts = [value_text(value, unit) for value in values]
    marks = Markup("").join(
        Markup('<a href="{}" aria-label="{}"><circle class="halo" cx="{:.1f}" cy="{:.1f}" r="12"/>{}</a>').format(
            link, f"{quarter_plain(point.quarter)} : {text}", *xy, dot(xy, 5 if point.quarter == quarter else 3.4, text)
        )
        for xy, link, point, text in zip(coordinates, links, points, texts, strict=True)
        if xy
    )
    lines = Markup("").join(grid_line(y(value), value_text(value, unit)) for value in (lowest, (lowest + highest) / 2, highest))
    aim = Markup("").join(
        Markup('<line class="aim" x1="{:.1f}" x2="{:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>').format(
            TREND_LEFT + 12 + step * (nth - 0.5), TREND_LEFT + 12 + step * (nth + 0.5), y=y(point.target)
        )
        for nth, point in enumerate(points)
        if point.target is not None
    )
    names = Markup("").join(
        Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
            TREND_LEFT + 12 + step * nth, TREND_HEIGHT - 10, quarter_short(point.quarter)
        )
        for nth, point in enumerate(points)
        if (len(points) - 1 - nth) % -(-len(points) // 9) == 0
    )
    return Markup('<svg class="trend" viewBox="0 0 {} {}" role="group" aria-label="Par trimestre">{}</svg>').format(
        TREND_WIDTH, TREND_HEIGHT, Markup("").join((lines, aim, polylines(coordinates), marks, names))
    )


def grid_line(y: float, text: str) -> Markup:
    return Markup(
        '<line class="grid" x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/><text x="{}" y="{:.1f}" text-anchor="end">{}</text>'
    ).format(TREND_LEFT, TREND_WIDTH, TREND_LEFT - 8, y + 4, text, y=y)


def ceiling(value: float) -> float:
    """A round number not below a value, as the top of an axis."""
    for unit in (2, 4, 10, 20, 40, 60, 80, 100, 200, 400, 600, 1_000, 2_000, 5_000, 10_000):
        if value <= unit:
            return unit
    return value * 1.1


def value_text(value: float | None, unit: str) -> str:
    if value is None:
        return "non montré"
    whole = round(value) if float(value).is_integer() else value
    return percent(round(value)) if unit == "percent" else number(whole)
