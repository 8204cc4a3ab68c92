"""Indicators of outreach: people met, orientations received from prescribers, people redirected to partners.

Formulas, as the programme defines them. Invisible share: persons who are not SUIVI / all persons met, where unknown situations
stay in the denominator. Redirection rate: persons with a referral sent and not withdrawn / persons met, since the start.
"""

from sqlalchemy import bindparam, case, func, select, union

from services.reporting.facts import tables as t
from services.reporting.indicators.model import Side, count_indicator, median_indicator, rate_indicator
from services.reporting.indicators.queries import (
    Column,
    Population,
    by_quarter_end,
    facts,
    in_quarter,
    not_by_quarter_end,
    quarter,
)

SECTION = "Aller vers"
PEOPLE = "Personnes rencontrées"

referral, orientation = t.referral.c, t.orientation.c

# A person is met once: at the first identification of any of their merged records. Its territory, channel and situation are the person's.
identifications = (
    select(
        t.person.c.root.label("person"),
        t.person.c.territory,
        t.person.c.identified_on,
        t.person.c.channel,
        t.person.c.radar,
        t.person.c.positions,
        func.row_number().over(partition_by=t.person.c.root, order_by=(t.person.c.identified_on, t.person.c.identified_at)).label("nth"),
    )
    .where(t.person.c.identified_on.is_not(None))
    .subquery("identifications")
)
meeting = identifications.c
all_met = Population(
    source=identifications,
    conditions=(meeting.nth == 1, by_quarter_end(meeting.identified_on)),
    counted=meeting.person,
    territory=meeting.territory,
    positions=meeting.positions,
    person=meeting.person,
)
met = all_met.side(on=meeting.identified_on, detail=meeting.channel)


def met_with_radar(*states: str) -> Side:
    """Persons met since the start, with one of these states of registration when they were first met."""
    return all_met.where(meeting.radar.in_(states)).side(on=meeting.identified_on, detail=meeting.radar)


# The definitions say at which stage a referral counts as a redirection: when it is sent, accepted or completed.
counted_stage: Column = bindparam("redirection")
redirected_on = case(
    (counted_stage == "COMPLETED", referral.completed_on), (counted_stage == "ACCEPTED", referral.accepted_on), else_=referral.sent_on
)
# The records of each person. The root is one, even if nothing is known of it but that others were merged into it.
records = union(select(t.person.c.root, t.person.c.person), select(t.person.c.root, t.person.c.root)).subquery("records")
redirected = (
    all_met.joined(records, records.c.root == meeting.person)
    .joined(t.referral, referral.person == records.c.person)
    .where(referral.sent_on.is_not(None), redirected_on <= quarter.c.end_on, not_by_quarter_end(referral.withdrawn_on))
    .side(on=redirected_on, positions=referral.positions, detail=referral.thematique)
)

orientations = facts(t.orientation, in_quarter(orientation.received_on))
received = orientations.side(on=orientation.received_on, detail=orientation.kind)

INDICATORS = (
    count_indicator(
        "people_met",
        "Personnes rencontrées",
        "Personnes repérées depuis le début du programme, chacune comptée une fois, là où elle l’a été d’abord.",
        met,
        cumulative=True,
        section=SECTION,
        fact="person",
        population=PEOPLE,
    ),
    count_indicator(
        "people_met_in_quarter",
        "Personnes rencontrées dans le trimestre",
        "Personnes repérées pour la première fois dans le trimestre.",
        all_met.where(in_quarter(meeting.identified_on)).side(on=meeting.identified_on, detail=meeting.channel),
        section=SECTION,
        fact="person",
        population=PEOPLE,
    ),
    rate_indicator(
        "invisible_share",
        "Personnes suivies nulle part",
        "Personnes inscrites nulle part ou sans contact depuis cinq mois, sur toutes les personnes rencontrées. "
        "Celles dont la situation est inconnue restent au dénominateur et sont montrées à part.",
        met_with_radar("NON_INSCRIT", "SANS_CONTACT_5_MOIS"),
        met,
        cumulative=True,
        section=SECTION,
        fact="person",
        population=PEOPLE,
    ),
    count_indicator(
        "radar_unknown",
        "Situation inconnue à la rencontre",
        "Personnes rencontrées dont on ne sait pas si elles sont suivies par une institution.",
        met_with_radar("INCONNU"),
        cumulative=True,
        section=SECTION,
        fact="person",
        population=PEOPLE,
    ),
    rate_indicator(
        "redirection_rate",
        "Personnes réorientées vers un partenaire",
        "Personnes dont une réorientation {redirection} et n’a pas été retirée, sur les personnes rencontrées, depuis le début.",
        redirected,
        met,
        cumulative=True,
        section=SECTION,
        fact="referral",
        population=PEOPLE,
    ),
    count_indicator(
        "orientations_received",
        "Orientations reçues",
        "Orientations reçues des prescripteurs dans le trimestre.",
        received,
        section=SECTION,
        fact="orientation",
        population="Orientations reçues",
    ),
    rate_indicator(
        "orientations_accepted",
        "Orientations acceptées",
        "Orientations acceptées avant la fin du trimestre, sur les orientations reçues dans le trimestre.",
        orientations.where(orientation.accepted_on <= quarter.c.end_on).side(on=orientation.accepted_on, detail=orientation.kind),
        received,
        section=SECTION,
        fact="orientation",
        population="Orientations reçues",
    ),
    median_indicator(
        "orientation_delay",
        "Délai de réponse aux prescripteurs",
        "Nombre médian de jours entre la réception d’une orientation et la réponse, pour les réponses du trimestre.",
        facts(t.orientation, in_quarter(orientation.answered_on), orientation.received_on <= quarter.c.end_on).side(
            on=orientation.answered_on, detail=orientation.kind, amount=orientation.answered_day - orientation.received_day
        ),
        section=SECTION,
        fact="orientation",
        population="Orientations auxquelles une réponse a été donnée",
    ),
)
