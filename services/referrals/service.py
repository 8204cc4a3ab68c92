"""The referrals service, as nameko runs it."""

from shared.bus.write_service import WriteService


class Referrals(WriteService):
    name = "referrals"
