"""Settings: a data directory, and addresses from environment variables."""

import os
import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct

import deploy
from services.bootstrap.addresses import EMBEDDED, check_given, checked
from services.bootstrap.environment import Environment, fault_text
from services.bootstrap.key_files import KeyFiles
from services.bootstrap.log_settings import LogSettings, log_settings
from services.bootstrap.network_settings import Network, listen_address, networks, origins, proxy_headers, rate_limit, switch
from services.bootstrap.oidc_settings import oidc_client
from services.bootstrap.parts import KEY_PARTS, LOG_ALONE, Needs, Part
from services.bootstrap.webhook_settings import WebhookSettings, webhook_settings
from services.vocabulary.programme import Programme
from shared.address import SHORTEST_SECRET, Address
from shared.bus.names import SOLE, Names
from shared.errors import Misconfigured
from shared.trust.oidc_client import OidcClient

DEPLOY = Path(deploy.__file__).parent
TERRITORIES = DEPLOY / "territories.json"
POSTGRES = ("postgresql", "postgres")
ENVIRONMENT = re.compile(r"[a-z0-9-]{0,32}")
SECONDS = re.compile(r"[0-9]{1,5}(\.[0-9]{1,6})?")


class Settings(Struct, frozen=True):
    data: Path
    amqp_uri: Address
    event_store: Address
    read_models: Address
    gateway_records: Address
    person_keys: Address
    keys: KeyFiles
    territories: Path
    host: str
    port: int
    rate_limit: tuple[int, int] | None = None
    metrics_from: tuple[Network, ...] = ()
    metrics_listen: tuple[str, int] | None = None
    origins: frozenset[str] = frozenset()
    trusted_proxies: tuple[Network, ...] = ()
    proxy_headers: str = "x-forwarded"
    development_login: bool = False
    clock_tolerance: timedelta = timedelta(minutes=2)
    names: Names = SOLE
    webhooks: WebhookSettings = WebhookSettings()
    logs: LogSettings = LogSettings()
    oidc: OidcClient | None = None

    @property
    def open_to_others(self) -> bool:
        """Whether who has no account may enter and is served: where the development login is."""
        return self.development_login and not self.trusted_proxies

    @property
    def embedded(self) -> bool:
        return self.amqp_uri.scheme == EMBEDDED

    @property
    def log_file(self) -> Path | None:
        """The file of an SQLite log; None for a log on a server."""
        return sqlite_path(self.event_store) if self.event_store.scheme == "sqlite" else None

    @property
    def secrets(self) -> Collection[str]:
        """What no text may show."""
        own = {self.oidc.secret} if self.oidc and len(self.oidc.secret) >= SHORTEST_SECRET else set()
        addresses = (self.amqp_uri, self.event_store, self.read_models, self.gateway_records, self.person_keys)
        return own.union(*(address.secrets() for address in addresses))

    def check_log_exists(self) -> None:
        """For what only reads: it makes no log, so that a mistyped folder is not taken for an empty one.

        Raises:
            Misconfigured: there is no file of that name.
        """
        if self.log_file is not None and not self.log_file.is_file():
            raise Misconfigured(f"{self.log_file}: there is no log. Is --data {self.data} the folder that `parcours serve` uses?")

    def check_apart(self) -> None:
        """Who has a copy of the log must not have the keys with it.

        Raises:
            Misconfigured: both are in one database.
        """
        if self.person_keys in {self.event_store, self.read_models, self.gateway_records}:
            raise Misconfigured(
                "PARCOURS_PERSON_KEYS: a database of its own is expected: who has a copy of another must not have the keys."
            )

    def programme(self) -> Programme:
        """The configuration of the programme.

        Raises:
            Misconfigured: there is no such file, or it holds something else.
        """
        try:
            programme = msgspec.json.decode(self.territories.read_bytes(), type=Programme)
        except (OSError, msgspec.MsgspecError) as fault:
            raise Misconfigured(f"PARCOURS_TERRITORIES: {self.territories}: {fault_text(fault)}") from fault
        if faults := "; ".join(programme.faults()):
            raise Misconfigured(f"PARCOURS_TERRITORIES: {self.territories}: {faults}")
        return programme

    def key(self) -> bytes:
        """The secret key of the installation, which is made if it is missing.

        Raises:
            Misconfigured: the file cannot be read or made, or it holds too little.
        """
        return self.keys.key()


def sqlite_path(address: Address) -> Path:
    """`sqlite:///file` is relative and `sqlite:////file` absolute, as in SQLAlchemy."""
    return Path(address.location.removeprefix("/"))


def read_settings(
    data: Path,
    host: str = "127.0.0.1",
    port: int = 8000,
    environ: Mapping[str, str] = os.environ,
    *,
    create: bool = True,
    needs: Needs = LOG_ALONE,
) -> Settings:
    """The settings of a process that `needs` some parts. With `create`, the data folder is made if it is missing.

    Raises:
        Misconfigured: with every fault of them.
    """
    environment = Environment(environ, data=absolute(data), deploy=DEPLOY)
    if create:
        environment.check(lambda: make_folder(data))
    settings = settings_of(environment, host, port)
    environment.check(settings.programme)
    environment.check(settings.check_apart)
    if needs.parts & KEY_PARTS:
        from services.bootstrap.identity_files import check_files  # not for a health check, which starts often

        in_memory = {Part.SIGNING_KEY, Part.PUBLIC_KEYS} if settings.embedded else frozenset[Part]()
        environment.check(lambda: check_files(settings.keys, needs.parts - in_memory))
    check_given(environment, needs, embedded=settings.embedded)
    environment.close()
    return settings


def settings_of(environment: Environment, host: str, port: int) -> Settings:
    """What each variable is, or stands for when it is not given. Faults are kept by the environment."""
    read = environment.read
    event_store = read("PARCOURS_EVENT_STORE", partial(checked, "PARCOURS_EVENT_STORE"))
    beside = event_store.scheme in POSTGRES and not environment.given("PARCOURS_GATEWAY_RECORDS")
    return Settings(
        data=environment.folders["data"],
        amqp_uri=read("PARCOURS_AMQP_URI", partial(checked, "PARCOURS_AMQP_URI")),
        event_store=event_store,
        read_models=read("PARCOURS_READ_MODELS", partial(checked, "PARCOURS_READ_MODELS")),
        gateway_records=event_store if beside else read("PARCOURS_GATEWAY_RECORDS", partial(checked, "PARCOURS_GATEWAY_RECORDS")),
        person_keys=read("PARCOURS_PERSON_KEYS", partial(checked, "PARCOURS_PERSON_KEYS")),
        keys=key_files(environment),
        territories=read("PARCOURS_TERRITORIES", path_of),
        host=host,
        port=port,
        names=read("PARCOURS_ENVIRONMENT", names),
        rate_limit=read("PARCOURS_RATE_LIMIT", rate_limit),
        metrics_from=read("PARCOURS_METRICS_FROM", partial(networks, "PARCOURS_METRICS_FROM")),
        metrics_listen=read("PARCOURS_METRICS_LISTEN", partial(listen_address, "PARCOURS_METRICS_LISTEN")),
        origins=read("PARCOURS_ORIGINS", origins),
        trusted_proxies=read("PARCOURS_TRUSTED_PROXIES", partial(networks, "PARCOURS_TRUSTED_PROXIES")),
        proxy_headers=read("PARCOURS_PROXY_HEADERS", proxy_headers),
        development_login=read("PARCOURS_DEVELOPMENT_LOGIN", partial(switch, "PARCOURS_DEVELOPMENT_LOGIN")),
        webhooks=webhook_settings(environment),
        logs=log_settings(environment),
        oidc=oidc_client(environment),
        clock_tolerance=read("PARCOURS_CLOCK_TOLERANCE_S", tolerance),
    )


def absolute(data: Path) -> Path:
    try:
        return data.resolve()
    except (OSError, RuntimeError, ValueError) as fault:  # RuntimeError: links that lead to each other
        raise Misconfigured(f"--data {str(data)!r}: {fault_text(fault)}") from fault


def make_folder(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise Misconfigured(f"--data {str(data)!r}: {fault_text(fault)}") from fault


def path_of(text: str) -> Path:
    return Path(text)


def key_files(environment: Environment) -> KeyFiles:
    """Where keys are. Those of identities are beside that of the installation, or in the data folder if nothing can be made there."""
    installation = environment.read("PARCOURS_KEYS", path_of)
    folder = installation.parent
    beside = folder if os.access(folder, os.W_OK) or not os.path.lexists(folder) else environment.folders["data"]
    return KeyFiles(
        installation=installation,
        signing=given_file(environment, "PARCOURS_SIGNING_KEY") or beside / "signing_key.pem",
        public=given_file(environment, "PARCOURS_PUBLIC_KEYS") or beside / "public_keys.json",
        seal=environment.read("PARCOURS_SEAL_KEY", path_of),
        encryption=environment.read("PARCOURS_KEY_ENCRYPTION_KEY", path_of),
        survey=given_file(environment, "PARCOURS_SURVEY_KEY"),
        webhooks=given_file(environment, "PARCOURS_WEBHOOK_KEY"),
    )


def given_file(environment: Environment, name: str) -> Path | None:
    return environment.read(name, lambda text: Path(text) if text else None)


def tolerance(text: str) -> timedelta:
    if not SECONDS.fullmatch(text):
        raise Misconfigured("PARCOURS_CLOCK_TOLERANCE_S: a number of seconds is expected, up to 99999.")
    return timedelta(seconds=float(text))


def names(environment: str) -> Names:
    if not ENVIRONMENT.fullmatch(environment):
        raise Misconfigured("PARCOURS_ENVIRONMENT: up to 32 lower-case letters, digits and hyphens are expected.")
    return Names(environment)
