"""A real issuer of identities (`oidc-provider`, of npm) on this machine, and a browser's way through it."""

import json
import re
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from shared.time import now
from tests.processes import eventually, free_port

HERE = Path(__file__).parent
AUDIENCE = "https://api.parcours.example"
CLIENT, SECRET = "parcours", "a-secret-of-the-tests"
FORM = re.compile(r'<form[^>]*action="([^"]+)"')


class Key:
    def __init__(self, kid: str) -> None:
        self.kid = kid
        self.private: RSAPrivateKey = generate_private_key(65537, 2048)

    def jwk(self) -> dict[str, Any]:
        return {**json.loads(RSAAlgorithm.to_jwk(self.private)), "kid": self.kid, "use": "sig", "alg": "RS256"}

    def public_pem(self) -> bytes:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class Issuer:
    """`site` is where the product is. It can be stopped, and started again with other keys, at the same address."""

    def __init__(self, folder: Path, site: str) -> None:
        self.folder, self.site = folder, site
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.keys = [Key("first")]
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        file = self.folder / "issuer.json"
        keys = [key.jwk() for key in self.keys]
        file.write_text(json.dumps({"port": self.port, "keys": keys, "site": self.site, "audience": AUDIENCE}))
        with (self.folder / "issuer.log").open("ab") as out:
            self.child = subprocess.Popen(["node", str(HERE / "issuer.mjs"), str(file)], stdout=out, stderr=out)
        eventually(lambda: httpx.get(f"{self.url}/jwks").status_code == 200, "the issuer")

    def stop(self) -> None:
        if self.child is not None:
            self.child.terminate()
            self.child.wait(20)
            self.child = None

    def rotate(self) -> None:
        """Another key signs, and the one before is gone."""
        self.stop()
        self.keys = [Key(f"key-{len(self.keys)}-{self.keys[0].kid}")]
        self.start()

    def environment(self) -> Mapping[str, str]:
        return {
            "PARCOURS_OIDC_ISSUER": self.url,
            "PARCOURS_OIDC_CLIENT_ID": CLIENT,
            "PARCOURS_OIDC_CLIENT_SECRET": SECRET,
            "PARCOURS_OIDC_SITE": self.site,
            "PARCOURS_OIDC_AUDIENCE": AUDIENCE,
        }

    def claims(self, **more: Any) -> dict[str, Any]:
        """Those of an access token for this installation."""
        given = {"iss": self.url, "aud": AUDIENCE, "sub": "nadia", "iat": now(), "exp": now() + timedelta(minutes=5), "jti": "j"}
        return {name: value for name, value in {**given, **more}.items() if value is not None}

    def signed(self, claims: Mapping[str, Any], *, key: Any = None, algorithm: str = "RS256", **headers: Any) -> str:
        signing = self.keys[0].private if key is None else key
        return jwt.encode(dict(claims), signing, algorithm, headers={"kid": self.keys[0].kid, "typ": "at+jwt", **headers})


def logged_in(browser: httpx.Client, site: str, name: str, then: str = "/") -> httpx.Response:
    """The answer to whoever comes back from the issuer as `name`."""
    return browser.get(at_the_issuer(browser, site, name, then))


def at_the_issuer(browser: httpx.Client, site: str, name: str, then: str = "/") -> str:
    """The address to which the issuer sends somebody back, who has said there that they are `name`."""
    answer = browser.get(f"{site}/connexion/fournisseur", params={"suite": then})
    assert answer.status_code == 303, answer.text
    for _ in range(12):
        if answer.is_redirect:
            address = str(answer.url.join(answer.headers["Location"]))
            if address.startswith(site):
                return address
            answer = browser.get(address)
            continue
        prompt = "login" if 'name="login"' in answer.text else "consent"
        form = FORM.search(answer.text)
        assert form, answer.text
        typed = {"login": name, "password": "any"} if prompt == "login" else {}
        answer = browser.post(str(answer.url.join(form[1])), data={"prompt": prompt, **typed})
    raise AssertionError("the issuer leads nowhere")
