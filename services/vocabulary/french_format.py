"""Numbers and days as French readers write them. Pure."""

from datetime import date

NARROW_SPACE = "\u202f"  # the narrow no-break space inside French numbers
SPACE = "\u00a0"  # no-break
MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre")


def number(value: float | None) -> str:
    """1 234 or 4,6; a dash for an unknown value."""
    if value is None:
        return "–"
    written = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    return written.replace(",", NARROW_SPACE).replace(".", ",").replace("-", "−")


def day(value: date | str) -> str:
    """1er mars 2024, from a date or ISO text."""
    moment = value if isinstance(value, date) else date.fromisoformat(value[:10])
    return f"{'1er' if moment.day == 1 else moment.day}{SPACE}{MONTHS[moment.month - 1]}{SPACE}{moment.year}"


def readable(value: object, form: str) -> str:
    """A text inside its words, or nothing of both if there is none, or none that may be read (`shared.trust.personal`)."""
    return form.format(value) if isinstance(value, str) else ""


def plural(count: int, one: str, many: str | None = None) -> str:
    """« 1 place », « 2 places »: the noun agrees with the number."""
    return f"{number(count)}{SPACE}{one if abs(count) < 2 else many or one + 's'}"
