"""Numbers, days and quarters as French readers write them. Filters of the templates; pure."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

THIN = "\u202f"  # the narrow no-break space of French numbers
SPACE = "\u00a0"
PARIS = ZoneInfo("Europe/Paris")
MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre")


def number(value: float | None) -> str:
    """1 234 or 4,6; a dash for what is not known."""
    if value is None:
        return "–"
    written = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    return written.replace(",", THIN).replace(".", ",").replace("-", "−")


def percent(value: int | None) -> str:
    return "–" if value is None else f"{number(value)}{THIN}%"


def points(value: int | None) -> str:
    """A gap, always with its sign: +4 points, −1 point."""
    if value is None:
        return "–"
    sign = "+" if value > 0 else ""
    return f"{sign}{number(value)}{SPACE}point{'s' if abs(value) > 1 else ''}"


def day(value: date | str) -> str:
    day = value if isinstance(value, date) else date.fromisoformat(value[:10])
    return f"{'1er' if day.day == 1 else day.day}{SPACE}{MONTHS[day.month - 1]}{SPACE}{day.year}"


def moment(value: datetime | str) -> str:
    local = (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(PARIS)
    return f"{day(local.date())} à {local.hour}{SPACE}h{SPACE}{local.minute:02}"


def paris_day(value: datetime | str) -> date:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.astimezone(PARIS).date()


def ordinal(value: int) -> Markup:
    """`1er`, `2e`, with the letters raised."""
    return Markup("{}<sup>{}</sup>").format(value, "er" if value == 1 else "e")


def quarter(value: str) -> Markup:
    year, _, nth = value.partition("-Q")
    return Markup("{}{}trimestre{}{}").format(ordinal(int(nth)), SPACE, SPACE, year)


def quarter_short(value: str) -> str:
    """For the small room under a chart: T2 2024."""
    year, _, nth = value.partition("-Q")
    return f"T{nth}{SPACE}{year}"


def quarter_plain(value: str) -> str:
    """Without markup, for titles and labels."""
    year, _, nth = value.partition("-Q")
    return f"{'1er' if nth == '1' else f'{nth}e'} trimestre {year}"


def of(place: str) -> str:
    """« d’Alençon », « de Flers »: a place after its preposition."""
    return f"d’{place}" if place[:1].lower() in "aâeéèêiîoôuyh" else f"de {place}"


def plural(count: int, one: str, many: str | None = None) -> str:
    return f"{number(count)}{SPACE}{one if abs(count) < 2 else many or one + 's'}"


FILTERS = {
    "number": number,
    "percent": percent,
    "points": points,
    "day": day,
    "moment": moment,
    "quarter": quarter,
    "quarter_short": quarter_short,
    "quarter_plain": quarter_plain,
    "of": of,
    "plural": plural,
}
