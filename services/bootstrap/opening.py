"""Which adapter is behind an address: of the log, of what is beside it, and of the records of gateways."""

from pathlib import Path

from services.bootstrap.addresses import checked
from services.bootstrap.settings import sqlite_path
from shared.address import Address
from shared.store.deliveries import Deliveries
from shared.store.gateway_records import GatewayRecords
from shared.store.kurrent.store import KurrentStore
from shared.store.port import Checkpoints
from shared.store.postgres.checkpoints import PostgresCheckpoints
from shared.store.postgres.deliveries import PostgresDeliveries
from shared.store.postgres.gateway_records import PostgresGatewayRecords
from shared.store.postgres.person_keys import PostgresPersonKeys
from shared.store.postgres.store import PostgresStore
from shared.store.postgres.tree_heads import PostgresTreeHeads
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from shared.store.sqlite.deliveries import SqliteDeliveries
from shared.store.sqlite.gateway_records import SqliteGatewayRecords
from shared.store.sqlite.person_keys import SqlitePersonKeys
from shared.store.sqlite.store import SqliteStore
from shared.store.sqlite.tree_heads import SqliteTreeHeads
from shared.store.stored import Log
from shared.store.tree_heads import TreeHeads
from shared.trust.personal.key_database import KeyDatabase


def open_store(address: Address | str) -> Log:
    address = Address(address)
    match address.scheme:
        case "sqlite":
            return SqliteStore(sqlite_path(address))
        case "postgresql" | "postgres":
            return PostgresStore(address)
        case "kurrentdb" | "kurrentdb+discover" | "esdb" | "esdb+discover":
            return KurrentStore(address)
        case _:
            checked("PARCOURS_EVENT_STORE", address.reveal())  # raises: the settings are checked already, other callers are not
            raise AssertionError("an address of a known scheme that names no store")


def open_checkpoints(address: Address | str, data: Path) -> Checkpoints:
    """Checkpoints beside the log where it can hold them. KurrentDB cannot: then they are a file in the data directory of one machine."""
    address = Address(address)
    match address.scheme:
        case "sqlite":
            return SqliteCheckpoints(sqlite_path(address))
        case "postgresql" | "postgres":
            return PostgresCheckpoints(address)
        case _:
            return SqliteCheckpoints(data / "checkpoints.sqlite")


def open_tree_heads(address: Address, data: Path) -> TreeHeads:
    """The tree heads, where the checkpoints are."""
    match address.scheme:
        case "sqlite":
            return SqliteTreeHeads(sqlite_path(address))
        case "postgresql" | "postgres":
            return PostgresTreeHeads(address)
        case _:
            return SqliteTreeHeads(data / "checkpoints.sqlite")


def open_gateway_records(address: Address) -> GatewayRecords:
    return SqliteGatewayRecords(sqlite_path(address)) if address.scheme == "sqlite" else PostgresGatewayRecords(address)


def open_person_keys(address: Address) -> KeyDatabase:
    return SqlitePersonKeys(sqlite_path(address)) if address.scheme == "sqlite" else PostgresPersonKeys(address)


def open_deliveries(address: Address, data: Path) -> Deliveries:
    """The deliveries of webhooks, where the checkpoints are."""
    match address.scheme:
        case "sqlite":
            return SqliteDeliveries(sqlite_path(address))
        case "postgresql" | "postgres":
            return PostgresDeliveries(address)
        case _:
            return SqliteDeliveries(data / "checkpoints.sqlite")
