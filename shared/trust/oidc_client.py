"""What an installation is at its issuer of identities (OpenID Connect)."""

from msgspec import Struct

RETURN_PATH = "/connexion/retour"
"""Where the issuer sends people back to, on the site of the installation: it is registered there."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""What may be named: signatures by a private key. `none` and shared secrets are not among them."""


class OidcClient(Struct, frozen=True):
    """`audience` is that of access tokens; without one they are not taken.

    `algorithms` are those that count, whatever a token or the issuer says.
    """

    issuer: str
    id: str
    secret: str
    redirect_uri: str
    audience: str
    algorithms: tuple[str, ...]

    def __repr__(self) -> str:
        """Without the secret."""
        return f"OidcClient({self.issuer!r}, {self.id!r})"
