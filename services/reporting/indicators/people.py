"""Indicators of outreach: people met, orientations received from prescribers, people redirected to partners.

Formulas, as the programme defines them. Invisible share: persons who are not SUIVI / all persons met, where unknown situations
stay in the denominator. Redirection rate: persons with a referral sent and not withdrawn / persons met, since the start.
"""

from sqlalchemy import bindparam, case, func, or_, select

from services.reporting.facts import tables as t
from services.reporting.indicators.model import Side, count_indicator, median_indicator, rate_indicator
from services.reporting.indicators.queries import Column, by_quarter_end, facts_side, in_quarter, persons_side, quarter, side

SECTION = "Aller vers"
PEOPLE = "Personnes rencontrées"

person, orientation, referral = t.person.c, t.orientation.c, t.referral.c

# A person is met once: at the first identification of any of their merged records (`nth` = 1).
identifications = (
    select(
        t.person.c.root.label("person"),
        t.person.c.territory,
        t.person.c.identified_on,
        t.person.c.channel,
        t.person.c.positions,
        func.row_number().over(partition_by=t.person.c.root, order_by=(t.person.c.identified_on, t.person.c.person)).label("nth"),
    )
    .where(t.person.c.identified_on.is_not(None))
    .subquery("met")
)


def met(period: Column) -> Side:
    """Persons whose first identification is in the period."""
    return side(
        identifications,
        identifications.c.nth == 1,
        period,
        counted=identifications.c.person,
        on=identifications.c.identified_on,
        territory=identifications.c.territory,
        positions=identifications.c.positions,
        person=identifications.c.person,
        detail=identifications.c.channel,
    )


def met_with_radar(*states: str) -> Side:
    """Persons met since the start, with one of these states of registration."""
    conditions = (person.radar.in_(states), by_quarter_end(person.identified_on))
    return persons_side(t.person, *conditions, on=person.identified_on, detail=person.radar)


# The definitions say at which stage a referral counts as a redirection: when it is sent, accepted or completed.
counted_stage: Column = bindparam("redirection")
redirected_on = case(
    (counted_stage == "COMPLETED", referral.completed_on), (counted_stage == "ACCEPTED", referral.accepted_on), else_=referral.sent_on
)
not_withdrawn = or_(referral.withdrawn_on.is_(None), referral.withdrawn_on > quarter.c.end_on)
redirected = persons_side(t.referral, by_quarter_end(redirected_on), not_withdrawn, on=redirected_on, detail=referral.thematique)

orientation_received = in_quarter(orientation.received_on)
orientation_accepted = orientation.accepted_on <= quarter.c.end_on

all_met = met(by_quarter_end(identifications.c.identified_on))

INDICATORS = (
    count_indicator(
        "people_met",
        "Personnes rencontrées",
        "Personnes repérées depuis le début du programme, chacune comptée une fois, là où elle l’a été d’abord.",
        all_met,
        cumulative=True,
        section=SECTION,
        fact="person",
        population=PEOPLE,
    ),
    count_indicator(
        "people_met_in_quarter",
        "Personnes rencontrées dans le trimestre",
        "Personnes repérées pour la première fois dans le trimestre.",
        met(in_quarter(identifications.c.identified_on)),
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
        all_met,
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
        all_met,
        cumulative=True,
        section=SECTION,
        fact="referral",
        population=PEOPLE,
    ),
    count_indicator(
        "orientations_received",
        "Orientations reçues",
        "Orientations reçues des prescripteurs dans le trimestre.",
        facts_side(t.orientation, orientation_received, on=orientation.received_on, detail=orientation.kind),
        section=SECTION,
        fact="orientation",
        population="Orientations reçues",
    ),
    rate_indicator(
        "orientations_accepted",
        "Orientations acceptées",
        "Orientations acceptées avant la fin du trimestre, sur les orientations reçues dans le trimestre.",
        facts_side(t.orientation, orientation_received, orientation_accepted, on=orientation.accepted_on, detail=orientation.kind),
        facts_side(t.orientation, orientation_received, on=orientation.received_on, detail=orientation.kind),
        section=SECTION,
        fact="orientation",
        population="Orientations reçues",
    ),
    median_indicator(
        "orientation_delay",
        "Délai de réponse aux prescripteurs",
        "Nombre médian de jours entre la réception d’une orientation et la réponse, pour les réponses du trimestre.",
        facts_side(
            t.orientation,
            in_quarter(orientation.answered_on),
            on=orientation.answered_on,
            detail=orientation.kind,
            amount=orientation.answered_day - orientation.received_day,
        ),
        section=SECTION,
        fact="orientation",
        population="Orientations auxquelles une réponse a été donnée",
    ),
)
