"""The services of the programme. A new service is its package and its name here; everything else follows from its description."""

from collections.abc import Mapping
from importlib import import_module

from services.vocabulary import french
from shared.catalogue import Catalogue
from shared.description import ServiceDescription

NAMES = ("intake", "coaching", "referrals", "reporting")
"""In the order in which imported history runs their policies: changing it changes the log that a file gives."""


def describe(name: str) -> ServiceDescription:
    description: ServiceDescription = import_module(f"services.{name}.description").DESCRIPTION
    return description


SERVICES: Mapping[str, ServiceDescription] = {name: describe(name) for name in NAMES}

GATEWAY, RELAY = "gateway", "relay"
PROCESSES = (*NAMES, GATEWAY, RELAY)
"""What `parcours service` can run: every service, the HTTP gateway, and the relay from the log to the broker."""


def catalogue() -> Catalogue:
    """Every French text by code: of each service, and of the kernel."""
    return Catalogue(french.REFUSALS, french.FORBIDDEN, *(service.refusals for service in SERVICES.values()))
