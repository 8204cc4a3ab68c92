"""The descriptions of the services, by name. Everything outside a service's package follows from them."""

from collections.abc import Mapping
from importlib import import_module

from services.bootstrap.names import NAMES
from services.vocabulary import french
from shared.catalogue import Catalogue
from shared.description import ServiceDescription
from shared.field_rules import Rules


def describe(name: str) -> ServiceDescription:
    description: ServiceDescription = import_module(f"services.{name}.description").DESCRIPTION
    return description


SERVICES: Mapping[str, ServiceDescription] = {name: describe(name) for name in NAMES}


def rules_of_services() -> Rules:
    """The rules that services declare for the fields of their commands."""
    return {name: rule for service in SERVICES.values() for name, rule in service.field_rules.items()}


def catalogue() -> Catalogue:
    """Every French text by code: of each service, and of the kernel."""
    return Catalogue(french.REFUSALS, french.FORBIDDEN, *(service.refusals for service in SERVICES.values()))
