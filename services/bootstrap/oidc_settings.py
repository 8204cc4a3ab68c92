"""Settings of the issuer of identities (OpenID Connect): all that is needed is given together, or nothing."""

import re
from urllib.parse import urlsplit

from services.bootstrap.environment import Environment
from services.bootstrap.network_settings import parts
from shared.errors import Misconfigured
from shared.trust.oidc_client import ALGORITHMS, RETURN_PATH, OidcClient

ISSUER, CLIENT, SECRET = "PARCOURS_OIDC_ISSUER", "PARCOURS_OIDC_CLIENT_ID", "PARCOURS_OIDC_CLIENT_SECRET"
SITE, AUDIENCE, ALGORITHM = "PARCOURS_OIDC_SITE", "PARCOURS_OIDC_AUDIENCE", "PARCOURS_OIDC_ALGORITHMS"
NEEDED = (CLIENT, SECRET, SITE)
LOOPBACK, PRINTABLE = frozenset({"127.0.0.1", "localhost", "::1"}), re.compile("[!-~]{1,500}")


def oidc_client(environment: Environment) -> OidcClient | None:
    """What this installation is at its issuer, if it has one; what is wrong is collected there."""
    issuer = environment.read(ISSUER, lambda text: address(ISSUER, text))
    client, secret = (environment.read(name, lambda text, name=name: printable(name, text)) for name in (CLIENT, SECRET))  # type: ignore[misc]  # mypy infers no lambda with a default
    site = environment.read(SITE, lambda text: origin(SITE, text))
    audience = environment.read(AUDIENCE, lambda text: printable(AUDIENCE, text))
    algorithms = environment.read(ALGORITHM, listed)
    if not issuer:
        if not environment.variables.get(ISSUER):  # otherwise its own fault is collected
            environment.check(lambda: none_alone(environment))
        return None
    for name in NEEDED:
        environment.require(name, f"people are to log in at {issuer}.")
    if audience and audience == client:
        environment.check(lambda: same_audience())
    return OidcClient(issuer, client, secret, site + RETURN_PATH, audience, algorithms)


def none_alone(environment: Environment) -> None:
    if given := [name for name in (*NEEDED, AUDIENCE) if environment.given(name)]:
        raise Misconfigured(f"{given[0]}: it means nothing without {ISSUER}.")


def same_audience() -> None:
    raise Misconfigured(
        f"{AUDIENCE}: it is {CLIENT}, for which identity tokens are: one would pass for an access token. Another is expected."
    )


def printable(name: str, text: str) -> str:
    if text and not PRINTABLE.fullmatch(text):
        raise Misconfigured(f"{name}: up to 500 printable characters without spaces are expected.")
    return text


def address(name: str, text: str) -> str:
    """An address of https, or of http on this machine: whoever could change what comes from there could enter as anybody."""
    if not text:
        return ""
    try:
        found = urlsplit(printable(name, text))
        secure = found.scheme == "https" or (found.scheme == "http" and found.hostname in LOOPBACK)
        usable = secure and bool(found.hostname) and (found.port or 1) > 0 and not (found.query or found.fragment or found.username)
    except ValueError:
        usable = False
    if not usable:
        raise Misconfigured(f"{name}: an address is expected, such as https://login.example, with http on this machine alone.")
    return text


def origin(name: str, text: str) -> str:
    found = address(name, text)
    if found and urlsplit(found).path not in {"", "/"}:
        raise Misconfigured(
            f"{name}: the address at which people see these pages is expected, without a path, such as https://parcours.example."
        )
    return found.rstrip("/")


def listed(text: str) -> tuple[str, ...]:
    found = parts(text)
    if not found or not set(found) <= set(ALGORITHMS):
        raise Misconfigured(f"{ALGORITHM}: some of {', '.join(ALGORITHMS)} are expected.")
    return tuple(found)
