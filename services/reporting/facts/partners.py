"""Partners that may receive referrals, by territory. No figure counts them: forms offer them."""

from datetime import date

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, FactReader, iso, reader


class PartnerListed(Struct):
    partner: str
    label: str
    territory: str
    on: date


def on_partner_listed(event: PartnerListed, context: EventContext) -> list[Change]:
    return [Change("partner", (event.partner, event.territory), {"label": event.label, "listed_on": iso(event.on)})]


READERS: dict[str, FactReader] = {"referrals.PartnerListed": reader(PartnerListed, on_partner_listed)}
