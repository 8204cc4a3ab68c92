"""Numbers, days and quarters as French readers write them. Filters of the templates; pure."""

from datetime import date, datetime

from markupsafe import Markup

from services.vocabulary.calendar import ZONE
from services.vocabulary.french_format import NARROW_SPACE, SPACE, day, number, plural


def percent(value: int | None) -> str:
    return "–" if value is None else f"{number(value)}{NARROW_SPACE}%"


def points(value: int | None) -> str:
    """A gap, always with its sign: +4 points, −1 point."""
    if value is None:
        return "–"
    sign = "+" if value > 0 else ""
    return f"{sign}{number(value)}{SPACE}point{'s' if abs(value) > 1 else ''}"


def moment(value: datetime | str) -> str:
    local = (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(ZONE)
    return f"{day(local.date())} à {local.hour}{SPACE}h{SPACE}{local.minute:02}"


def local_day(value: datetime | str) -> date:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.astimezone(ZONE).date()


def ordinal(value: int) -> Markup:
    """`1er`, `2e`, with the letters raised."""
    return Markup("{}<sup>{}</sup>").format(value, "er" if value == 1 else "e")


def quarter(value: str) -> Markup:
    year, _, nth = value.partition("-Q")
    return Markup("{}{}trimestre{}{}").format(ordinal(int(nth)), SPACE, SPACE, year)


def quarter_short(value: str) -> str:
    """The short form, for the axis of a chart: T2 2024."""
    year, _, nth = value.partition("-Q")
    return f"T{nth}{SPACE}{year}"


def quarter_plain(value: str) -> str:
    """Without markup, for titles and labels."""
    year, _, nth = value.partition("-Q")
    return f"{'1er' if nth == '1' else f'{nth}e'} trimestre {year}"


def of(name: str) -> str:
    """« d’Alençon », « de Flers »: the name of a place with its preposition."""
    return f"d’{name}" if name[:1].lower() in "aâeéèêiîoôuyh" else f"de {name}"


def sentence(text: str) -> str:
    """A title as a sentence: with a point at its end, unless it has one."""
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."


STATUSES = {
    400: "demande illisible",
    401: "session absente",
    403: "accès refusé",
    404: "adresse inconnue",
    405: "méthode refusée",
    409: "demande refusée",
    413: "demande trop longue",
    414: "adresse trop longue",
    415: "forme inconnue",
    422: "réponses à reprendre",
    429: "trop de demandes",
    500: "erreur imprévue",
    503: "système indisponible",
}


def status(value: int) -> str:
    """« Erreur 403 : accès refusé »."""
    return f"Erreur {value}{SPACE}: {STATUSES.get(value, 'demande refusée')}"


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
    "sentence": sentence,
    "status": status,
}
