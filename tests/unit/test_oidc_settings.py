"""The issuer of identities is configured whole or not at all, and nothing that could be read otherwise is taken."""

from pathlib import Path

import pytest

from services.bootstrap.parts import needs_of
from services.bootstrap.settings import read_settings
from shared.errors import Misconfigured

GIVEN = {
    "PARCOURS_OIDC_ISSUER": "https://login.example/realms/one",
    "PARCOURS_OIDC_CLIENT_ID": "parcours",
    "PARCOURS_OIDC_CLIENT_SECRET": "sesame-of-the-client",
    "PARCOURS_OIDC_SITE": "https://parcours.example/",
}


def faults(folder: Path, environ: dict[str, str]) -> tuple[str, ...]:
    try:
        read_settings(folder, environ=environ, needs=needs_of("serve", None))
    except Misconfigured as fault:
        sentences = fault.sentences
    else:
        sentences = ()
    assert "sesame" not in str(sentences)
    return sentences


def test_all_of_it(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("sesame-of-the-client\n")
    without = {name: value for name, value in GIVEN.items() if name != "PARCOURS_OIDC_CLIENT_SECRET"}
    for environ in (GIVEN, {**without, "PARCOURS_OIDC_CLIENT_SECRET_FILE": str(file)}):
        settings = read_settings(tmp_path, environ=environ)
        client = settings.oidc
        assert client is not None
        assert (client.secret, client.redirect_uri) == ("sesame-of-the-client", "https://parcours.example/connexion/retour")
        assert client.algorithms == ("RS256", "PS256", "ES256", "EdDSA")
        assert "sesame" not in repr(settings)
        assert "sesame-of-the-client" in settings.secrets
    assert read_settings(tmp_path, environ={}).oidc is None


@pytest.mark.parametrize("name", list(GIVEN)[1:])
def test_what_is_missing_is_named(tmp_path: Path, name: str) -> None:
    (sentence,) = faults(tmp_path, {other: value for other, value in GIVEN.items() if other != name})
    assert sentence.startswith(f"{name}: ")
    (sentence,) = faults(tmp_path, {name: GIVEN[name]})
    assert sentence.startswith(f"{name}: it means nothing without PARCOURS_OIDC_ISSUER")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARCOURS_OIDC_ISSUER", "http://login.example"),
        ("PARCOURS_OIDC_ISSUER", "login.example"),
        ("PARCOURS_OIDC_ISSUER", "https://"),
        ("PARCOURS_OIDC_ISSUER", "https://user@login.example"),
        ("PARCOURS_OIDC_ISSUER", "https://login.example/?x"),
        ("PARCOURS_OIDC_SITE", "https://parcours.example/below"),
        ("PARCOURS_OIDC_SITE", "http://parcours.example"),
        ("PARCOURS_OIDC_SITE", "https://parcours.example:no"),
        ("PARCOURS_OIDC_CLIENT_ID", "two words"),
        ("PARCOURS_OIDC_AUDIENCE", "parcours"),
        ("PARCOURS_OIDC_ALGORITHMS", "none"),
        ("PARCOURS_OIDC_ALGORITHMS", "RS256,HS256"),
        ("PARCOURS_OIDC_ALGORITHMS", ""),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, name: str, value: str) -> None:
    sentences = faults(tmp_path, {**GIVEN, name: value})
    assert sentences
    assert all(sentence.startswith(name) for sentence in sentences)


def test_an_issuer_on_this_machine_needs_no_tls(tmp_path: Path) -> None:
    assert faults(tmp_path, {**GIVEN, "PARCOURS_OIDC_ISSUER": "http://127.0.0.1:9000"}) == ()
