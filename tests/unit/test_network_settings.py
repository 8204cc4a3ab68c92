"""Origins, proxies and switches in the environment: what is wrong is said at the start, all of it at once."""

from pathlib import Path

import pytest

from services.bootstrap.settings import Settings, read_settings
from shared.errors import Misconfigured

ODD_ORIGINS = [
    "*", "null", "https://*.example", "app.example", "https://app.example/", "https://app.example/x", "HTTPS://app.example",
    "https://App.example", "https://app.example:443", "http://app.example:80", "https://app.example:0", "https://app.example:65536",
    "https://u@app.example", "ftp://app.example", "https://", "https://a b", "https://é.example",
]  # fmt: skip


def read(folder: Path, **environ: str) -> Settings:
    return read_settings(folder, environ={f"PARCOURS_{name}": value for name, value in environ.items()})


def test_every_bad_origin_is_named_and_no_good_one(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as fault:
        read(tmp_path, ORIGINS=",".join(["https://good.example", *ODD_ORIGINS]))
    assert [odd for odd in ODD_ORIGINS if repr(odd) not in str(fault.value)] == []
    assert "good" not in str(fault.value)


def test_origins_are_those_that_a_browser_sends(tmp_path: Path) -> None:
    listed = {
        "https://app.example",
        "http://localhost:5173",
        "http://127.0.0.1:8001",
        "https://xn--bcher-kva.example:8443",
        "http://[::1]:3000",
    }
    assert read(tmp_path, ORIGINS=", ".join(listed)).origins == listed
    assert read(tmp_path).origins == frozenset()


@pytest.mark.parametrize("variable", ["TRUSTED_PROXIES", "METRICS_FROM"])
def test_every_bad_network_is_named(tmp_path: Path, variable: str) -> None:
    with pytest.raises(Misconfigured) as fault:
        read(tmp_path, **{variable: "10.0.0.0/8,10.0.0.1/8,proxy,::1/129"})
    assert all(odd in str(fault.value) for odd in ("10.0.0.1/8", "'proxy'", "::1/129", f"PARCOURS_{variable}"))


def test_metrics_are_answered_on_an_address_of_either_family(tmp_path: Path) -> None:
    assert read(tmp_path, METRICS_LISTEN="127.0.0.1:9464").metrics_listen == ("127.0.0.1", 9464)
    assert read(tmp_path, METRICS_LISTEN="[::1]:9464").metrics_listen == ("::1", 9464)
    assert read(tmp_path).metrics_listen is None


@pytest.mark.parametrize(("variable", "value"), [("PROXY_HEADERS", "x-real-ip"), ("DEVELOPMENT_LOGIN", "yes")])
def test_a_word_that_means_nothing_is_refused(tmp_path: Path, variable: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=f"PARCOURS_{variable}"):
        read(tmp_path, **{variable: value})


def test_nobody_chooses_a_role_unless_that_is_asked_for(tmp_path: Path) -> None:
    assert read(tmp_path).development_login is False
    assert read(tmp_path, DEVELOPMENT_LOGIN="1").development_login is True
