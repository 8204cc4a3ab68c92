"""What an argument of the command line may be. Each function reads its text, or raises ArgumentTypeError with what is expected."""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import date, datetime

SHOWN = 40  # characters of what is wrong
MAX_NUMBER = 2**63 - 1  # fits the integer column of every database
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
SITE = re.compile(r"https?://[A-Za-z0-9.\[\]:-]{1,253}/?")
DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT = re.compile("[0-9]{1,18}|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]{5,15}(Z|[+-][0-9]{2}:[0-9]{2})?)?")
QUARTER = re.compile("[0-9]{4}-Q[1-4]")


def number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
            raise ArgumentTypeError(f"{text[:SHOWN]!r} is not a number from {least} to {most}")
        return int(text)

    return read


def moment(text: str) -> str:
    """A position, a day or an instant: `reporting.queries.moments` reads it."""
    try:
        if MOMENT.fullmatch(text) and (text.isdigit() or datetime.fromisoformat(text)):
            return text
    except ValueError:  # a day or a time that no calendar has
        pass
    raise ArgumentTypeError(f"{text[:SHOWN]!r} is no position, day (2024-03-31) or instant (2024-03-31T12:00:00+02:00)")


def port(text: str) -> int:
    try:
        return number(0, 65_535)(text)
    except ArgumentTypeError as fault:
        raise ArgumentTypeError(f"{text[:SHOWN]} is not a port") from fault


def host(text: str) -> str:
    if not HOST.fullmatch(text):
        raise ArgumentTypeError(f"{text[:SHOWN]!r} is not an IPv4 address or the name of a host")
    return text


def site(text: str) -> str:
    if not SITE.fullmatch(text):
        raise ArgumentTypeError(f"{text[:SHOWN]!r} is not the address of a site (https://parcours.example)")
    return text


def day(text: str) -> date:
    try:
        if DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:  # a day that no calendar has
        pass
    raise ArgumentTypeError(f"{text[:SHOWN]!r} is not a date (2024-03-31)")


def quarter(text: str) -> str:
    if not QUARTER.fullmatch(text):
        raise ArgumentTypeError(f"{text[:SHOWN]!r} is not a quarter (2024-Q2)")
    return text


def offset(text: str) -> int | str:
    return text if text in ("first", "last", "next") else number(0, MAX_NUMBER)(text)
