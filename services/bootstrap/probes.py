"""Asks the servers of a process what only they can say: whether they take this user, and whether what is opened there can be used."""

import os
from collections.abc import Collection, Iterable, Mapping

from services.bootstrap.database_roles import ROLES
from services.bootstrap.parts import KEY_PARTS, Part
from services.bootstrap.settings import Settings, sqlite_path
from services.reporting.projection.damage import check_beginning
from services.reporting.projection.database import driver_address
from services.reporting.projection.generations import own, schema_suffix, sqlite_address
from shared.address import Address
from shared.bus import blocking
from shared.errors import Fault, Misconfigured
from shared.store.kurrent.client import ask_log as ask_kurrent_log
from shared.store.postgres import probe as postgres
from shared.store.sqlite.connections import look_at

NOT_THERE = "the first start makes it"


def address_of(settings: Settings, part: Part) -> Address:
    return {
        Part.LOG: settings.event_store,
        Part.READ_MODELS: settings.read_models,
        Part.GATEWAY_RECORDS: settings.gateway_records,
        Part.PERSON_KEYS: settings.person_keys,
        Part.BROKER: settings.amqp_uri,
    }[part]


def asked(settings: Settings, parts: Iterable[Part]) -> list[Part]:
    """The parts that have an address, in their order: those of gateways are often in the log's database, which is asked once."""
    with_log = settings.gateway_records == settings.event_store
    left_out = {*KEY_PARTS, *([Part.GATEWAY_RECORDS] if with_log else [])}
    return [part for part in Part if part in set(parts) - left_out]


def where(settings: Settings, part: Part) -> str:
    """The variable and what it names. A fault of a broker says itself which of them it is of."""
    return part.value if part == Part.BROKER else f"{part.value}: {address_of(settings, part)}"


def on_server(settings: Settings, part: Part) -> bool:
    """Whether a part is on a server. A file is asked by opening it."""
    return address_of(settings, part).scheme not in {"sqlite", "embedded"}


def ask(settings: Settings, part: Part, exchange: str | None = None, processes: Iterable[str] = ()) -> str:
    """Ask a part whether it can be used, by these processes if some are named.

    With `exchange`, the broker is asked to declare it if it is not there; nothing else is changed.

    Raises:
        Misconfigured: it cannot, and no waiting mends it; the text begins with the variable.
        Outdated, Damaged: what is there cannot be read.
        Unavailable: it is away.
    """
    address = address_of(settings, part)
    try:
        match part, address.scheme:
            case Part.BROKER, "embedded":
                return "inside the process"
            case Part.BROKER, _:
                blocking.ask(address, exchange)
                return ""
            case _, "sqlite":
                return look_at_file(settings, part)
            case Part.READ_MODELS, _:
                return postgres.ask_tables(driver_address(address), schema_suffix(own()))
            case Part.PERSON_KEYS, _:
                return postgres.ask_person_keys(address)
            case _, "postgresql" | "postgres":
                return postgres.ask_log(address, [ROLES[process] for process in processes])
            case _:
                ask_kurrent_log(address)
                return ""
    except Misconfigured as fault:
        raise Misconfigured(*(f"{where(settings, part)}: {sentence}" for sentence in fault.sentences)) from fault


def look_at_file(settings: Settings, part: Part) -> str:
    address = address_of(settings, part)
    file = sqlite_path(sqlite_address(address, own()) if part == Part.READ_MODELS else address)
    if not file.exists():
        folder = next(folder for folder in file.absolute().parents if folder.exists())
        if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
            raise Misconfigured(f"no file can be made in {folder}.")
        return NOT_THERE
    if part == Part.READ_MODELS:
        check_beginning(file)
    else:
        look_at(file)
    return ""


def ask_all(settings: Settings, parts: Iterable[Part], processes: Collection[str] = ()) -> Mapping[Part, str | Fault]:
    """What each part answers: a remark, or why it cannot be used."""
    answers: dict[Part, str | Fault] = {}
    for part in parts:
        try:
            answers[part] = ask(settings, part, processes=processes)
        except Fault as fault:
            answers[part] = fault
    return answers


def rejections(settings: Settings, parts: Iterable[Part]) -> list[str]:
    """Why servers refuse this process: for one that failed, and does not know whether waiting would help."""
    answers = ask_all(settings, (part for part in asked(settings, parts) if on_server(settings, part)))
    return [sentence for answer in answers.values() if isinstance(answer, Misconfigured) for sentence in answer.sentences]
