"""What a gateway has beside the rest where there is an issuer of identities."""

from msgspec import Struct

from services.gateway.access_tokens import AccessTokens
from services.gateway.commands_api import CommandSender
from services.gateway.current_accounts import CurrentAccounts
from services.gateway.dependencies import GatewayDeps
from services.gateway.logins import Logins
from services.gateway.oidc_accounts import OidcAccounts
from services.gateway.oidc_login import LoginFlow
from shared.trust.oidc_tokens import OidcTokens


class OidcParts(Struct, frozen=True):
    tokens: OidcTokens
    accounts: OidcAccounts
    flow: LoginFlow
    access: AccessTokens


def oidc_parts(deps: GatewayDeps, accounts: CurrentAccounts, sender: CommandSender) -> OidcParts | None:
    if deps.oidc is None:
        return None
    key, client = deps.sessions_signer.key, deps.oidc.issuer.client
    of = OidcAccounts(client.issuer, Logins(key), accounts, sender)
    access = AccessTokens(deps.oidc, accounts, of, deps.native, deps.clock)
    return OidcParts(deps.oidc, of, LoginFlow(client, key, deps.clock), access)
