"""The referrals service, as nameko runs it."""

from shared.bus.nameko.write_service import WriteService


class Referrals(WriteService):
    name = "referrals"
