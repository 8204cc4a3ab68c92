"""What a process signs with, and what it checks signatures with: each part is built when it is first used, from no key but its own.

The gateway alone uses `sessions_signer` and `identity_signer`. A service checks identities with public keys, which are no secret;
coaching tells genuine survey tickets, webhooks signs messages, each with the key of that purpose.
"""

from collections.abc import Mapping
from functools import cached_property

from services.bootstrap.identity_files import IdentityFiles
from services.bootstrap.registry import SERVICES
from services.bootstrap.settings import Settings
from services.vocabulary import survey_ticket
from shared.time import now
from shared.trust import webhook_secrets
from shared.trust.identity_keys import PublicKeys, SigningKey, new_signing_key, read_public_keys, read_signing_key
from shared.trust.seals import Seals
from shared.trust.tokens import PREVIOUS_AUDIENCE, SESSIONS, Fixed, IdentitySigner, IdentityVerifier, Keys, Signer
from shared.trust.watched_file import WatchedFile
from shared.trust.webhook_secrets import WebhookSecrets


class Trust:
    def __init__(self, settings: Settings) -> None:
        self.keys = settings.keys
        self.alone = settings.embedded  # one process with everything in it: its keys of identities are in no file

    @cached_property
    def sessions_signer(self) -> Signer:
        """Signs the sessions of the gateway's visitors."""
        return Signer(self.keys.key(), SESSIONS, now)

    @cached_property
    def identity_signer(self) -> IdentitySigner:
        """Signs the identities that the gateway hands to services."""
        if self.alone:
            return IdentitySigner(Fixed(self.own_key), now)
        first = IdentityFiles(self.keys).make()
        file = WatchedFile(self.keys.signing, read_signing_key)
        return IdentitySigner(lambda: file.read() or first, now)

    @cached_property
    def own_key(self) -> SigningKey:
        return new_signing_key()

    @cached_property
    def public_keys(self) -> Keys:
        """Whose signatures count."""
        if not self.alone:
            return WatchedFile(self.keys.public, read_public_keys).read
        return Fixed(PublicKeys(keys=(self.own_key.public(0),)))

    @cached_property
    def verifiers(self) -> Mapping[str, IdentityVerifier]:
        """What checks the identities that each service is handed."""
        key = None if self.alone else self.keys.known_key()
        previous = Signer(key, PREVIOUS_AUDIENCE, now) if key else None
        return {name: IdentityVerifier(name, self.public_keys, now, previous) for name in SERVICES}

    @cached_property
    def survey_seals(self) -> Seals:
        """Seals survey tickets: the gateway makes them, the coaching service tells the genuine ones."""
        return Seals(self.key_of(survey_ticket.PURPOSE))

    def is_survey_ticket(self, ticket: str) -> bool:
        return self.survey_seals.genuine(ticket)

    @cached_property
    def webhook_secrets(self) -> WebhookSecrets:
        return WebhookSecrets(self.key_of(webhook_secrets.PURPOSE))

    def key_of(self, purpose: str) -> bytes:
        """The key of one purpose. A process that is alone makes the key from which it follows."""
        if self.alone:
            self.keys.key()
        return self.keys.key_of(purpose)
