"""The product and an issuer, each a process of its own."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from services.gateway.logins import Logins
from shared.message import Actor
from shared.trust.access import Identity
from tests.harness.accounts import give, granted
from tests.oidc.issuer import HERE, Issuer
from tests.processes import Process, Product


class Installation:
    def __init__(self, folder: Path) -> None:
        self.product = Product(folder, {"PARCOURS_DEVELOPMENT_LOGIN": "0", "PARCOURS_RATE_LIMIT": "off", "PARCOURS_LOG_LEVEL": "info"})
        self.site = self.product.url
        self.issuer = Issuer(folder, self.site)
        self.product.env |= self.issuer.environment()
        words = ("serve", "--data", str(folder), "--port", str(self.product.port))
        self.product.processes = {"serve": Process(*words, env=self.product.env, log=folder / "serve.log")}
        self.components = Components(read_settings(folder, environ=self.product.env))
        self.logins = Logins(self.components.settings.key())

    def start(self) -> None:
        self.issuer.start()
        self.product.start()

    def stop(self) -> None:
        self.product.stop()
        self.issuer.stop()

    def account(self, name: str, *identities: Identity, email: str = "") -> list[str]:
        """An account to which a subject of the issuer leads, or an address, with a grant for each identity."""
        login = self.logins.of_email(email) if email else self.logins.of_subject(self.issuer.url, name)
        if name not in self.components.accounts().accounts:
            give(self.components, "OpenAccount", account=name, login=login)
        return [granted(self.components, identity) for identity in identities]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    if not (HERE / "node_modules" / "oidc-provider").is_dir() or shutil.which("node") is None:
        pytest.fail(f"the packages of {HERE} are not installed: make check")
    installed = Installation(tmp_path_factory.mktemp("oidc"))
    try:
        installed.start()
        installed.account("admin", Identity(Actor("admin", "administrator"), ("*",)))
        yield installed
    finally:
        installed.stop()


@pytest.fixture
def visitor() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30, headers={"Accept": "text/html"}) as client:
        yield client


@pytest.fixture
def another_visitor() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30, headers={"Accept": "text/html"}) as client:
        yield client


Who = Callable[[str], Identity]


def coach(name: str, *territories: str) -> Identity:
    return Identity(Actor(name, "coach", "etape"), territories or ("alencon",))


def auditor(name: str) -> Identity:
    return Identity(Actor(name, "auditor"), ("*",))
