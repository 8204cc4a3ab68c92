"""The descriptions of the services, by name. Everything outside a service's package follows from them."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from services.bootstrap.names import NAMES
from services.gateway.hints import KIND as FIGURES_CHANGED
from services.vocabulary import french
from shared.catalogue import Catalogue
from shared.decider import Upcast
from shared.description import ServiceDescription
from shared.field_rules import Circumstances, FieldFault, Rules
from shared.message import PREFIX


def describe(name: str) -> ServiceDescription:
    description: ServiceDescription = import_module(f"services.{name}.description").DESCRIPTION
    return description


SERVICES: Mapping[str, ServiceDescription] = {name: describe(name) for name in NAMES}


def rules_of_services() -> Rules:
    """The rules that services declare for the fields of their commands, and that of the kinds of their events."""
    return {"event_type": event_type} | {name: rule for service in SERVICES.values() for name, rule in service.field_rules.items()}


def event_type(value: str, fact: Circumstances) -> Iterator[FieldFault]:
    """What a filter of the feed may name: a kind of events, with the product's prefix or without, or a whole service."""
    kind = value.removeprefix(PREFIX)
    if kind not in SERVICES and kind != FIGURES_CHANGED and not any(kind in service.events for service in SERVICES.values()):
        yield "", f"Aucun événement n’est de ce type : {value}."


def catalogue() -> Catalogue:
    """Every French text by code: of each service, and of the kernel."""
    return Catalogue(french.REFUSALS, french.FORBIDDEN, *(service.refusals for service in SERVICES.values()))


def upcasts() -> dict[str, tuple[Upcast, ...]]:
    """The upcasts of every event that has any, by event kind."""
    return {
        f"{aggregate.service}.{name}": tuple(steps)
        for service in SERVICES.values()
        for aggregate in service.aggregates
        for name, steps in aggregate.upcasts.items()
    }
