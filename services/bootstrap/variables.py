"""The names of the environment variables, what each is when it is not given, and what a misspelt one was meant to be."""

from collections.abc import Mapping
from difflib import get_close_matches

PREFIX = "PARCOURS_"
OF_TESTS = "PARCOURS_TEST_"  # no process reads them
OF_CLIENTS = ("PARCOURS_URL", "PARCOURS_TOKEN")  # of programs that use the interface, which may share a terminal with it
FILE = "_FILE"  # PARCOURS_AMQP_URI_FILE names a file with the value of PARCOURS_AMQP_URI
DEFAULTS: Mapping[str, str] = {
    "PARCOURS_AMQP_URI": "embedded://localhost",
    "PARCOURS_EVENT_STORE": "sqlite:///{data}/log.sqlite",
    "PARCOURS_READ_MODELS": "sqlite:///{data}/read_models.sqlite",
    "PARCOURS_GATEWAY_RECORDS": "sqlite:///{data}/gateway.sqlite",
    "PARCOURS_PERSON_KEYS": "sqlite:///{data}/person_keys.sqlite",
    "PARCOURS_KEYS": "{data}/keys",
    "PARCOURS_KEY_ENCRYPTION_KEY": "{data}/key_encryption_key",
    "PARCOURS_SEAL_KEY": "{data}/seal_key",
    "PARCOURS_SIGNING_KEY": "",
    "PARCOURS_PUBLIC_KEYS": "",
    "PARCOURS_SURVEY_KEY": "",
    "PARCOURS_WEBHOOK_KEY": "",
    "PARCOURS_TERRITORIES": "{deploy}/territories.json",
    "PARCOURS_ENVIRONMENT": "",
    "PARCOURS_CLOCK_TOLERANCE_S": "120",
    "PARCOURS_RATE_LIMIT": "200/2000",
    "PARCOURS_METRICS_FROM": "127.0.0.0/8,::1/128",
    "PARCOURS_METRICS_LISTEN": "",
    "PARCOURS_LOG_FORMAT": "console",
    "PARCOURS_LOG_LEVEL": "warning",
    "PARCOURS_ORIGINS": "",
    "PARCOURS_TRUSTED_PROXIES": "",
    "PARCOURS_PROXY_HEADERS": "x-forwarded",
    "PARCOURS_DEVELOPMENT_LOGIN": "0",
    "PARCOURS_OIDC_ISSUER": "",
    "PARCOURS_OIDC_CLIENT_ID": "",
    "PARCOURS_OIDC_CLIENT_SECRET": "",
    "PARCOURS_OIDC_SITE": "",
    "PARCOURS_OIDC_AUDIENCE": "",
    "PARCOURS_OIDC_ALGORITHMS": "RS256,PS256,ES256,EdDSA",
    "PARCOURS_WEBHOOK_NETWORKS": "",
    "PARCOURS_WEBHOOK_HTTP": "0",
    "PARCOURS_WEBHOOK_RETRIES": "5,300,1800,7200,18000,36000,50400,72000,86400",
    "PARCOURS_WEBHOOK_TIMEOUT_S": "15",
}
"""Every variable, with what it is when it is not given: {data} is the data folder, {deploy} the folder of that package."""

# these may hold a password
ADDRESSES = ("PARCOURS_AMQP_URI", "PARCOURS_EVENT_STORE", "PARCOURS_READ_MODELS", "PARCOURS_GATEWAY_RECORDS", "PARCOURS_PERSON_KEYS")
IN_FILES = (*ADDRESSES, "PARCOURS_OIDC_CLIENT_SECRET")
KNOWN = (*DEFAULTS, *(f"{name}{FILE}" for name in IN_FILES))


def unknown(name: str) -> str | None:
    """What is wrong with a name: it begins as ours do, or is one of ours but for one character, and means nothing."""
    if name in (*KNOWN, *OF_CLIENTS) or name.startswith(OF_TESTS):
        return None
    meant = next((known for known in KNOWN for form in (name, name.upper()) if differ_by_one_character(form, known)), None)
    if meant is None:
        if not name.startswith(PREFIX):
            return None
        without_prefix = {known.removeprefix(PREFIX): known for known in KNOWN}
        meant = next((without_prefix[close] for close in get_close_matches(name.removeprefix(PREFIX), without_prefix, 1)), None)
    question = f" Did you mean {meant}?" if meant else " docs/how-to/operate.md lists the names."
    return f"{(name if name.isprintable() else ascii(name))[:100]}: there is no variable of this name.{question}"


def differ_by_one_character(one: str, other: str) -> bool:
    """Whether one is the other with at most one character replaced, added, left out, or swapped with the next."""
    if abs(len(one) - len(other)) > 1:
        return False
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return max(len(one), len(other)) <= 1 or (len(one) == 2 and one == other[::-1])
