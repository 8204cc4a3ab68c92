"""Meeting people, being sent people, sending people on."""

from sqlalchemy import bindparam, case, func, or_, select

from services.reporting.facts import tables as t
from services.reporting.indicators.model import Side, count, middle, rate
from services.reporting.indicators.queries import Column, facts, persons, quarter, rows, until, within

SECTION = "Aller vers"
PEOPLE = "Personnes rencontrées"

person, orientation, referral = t.person.c, t.orientation.c, t.referral.c

# A person is met once: at the first identification of any of the records that were merged.
firsts = (
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
    return rows(
        firsts,
        firsts.c.nth == 1,
        period,
        counted=firsts.c.person,
        on=firsts.c.identified_on,
        territory=firsts.c.territory,
        positions=firsts.c.positions,
        person=firsts.c.person,
        detail=firsts.c.channel,
    )


def of_radar(*states: str) -> Side:
    return persons(t.person, person.radar.in_(states), until(person.identified_on), on=person.identified_on, detail=person.radar)


# The stage at which a referral counts as a redirection is a matter of definitions.
stage: Column = bindparam("redirection")
redirected_on = case((stage == "COMPLETED", referral.completed_on), (stage == "ACCEPTED", referral.accepted_on), else_=referral.sent_on)
standing = or_(referral.withdrawn_on.is_(None), referral.withdrawn_on > quarter.c.end_on)
redirected = persons(t.referral, until(redirected_on), standing, on=redirected_on, detail=referral.thematique)

received = within(orientation.received_on)
accepted = orientation.accepted_on <= quarter.c.end_on

everybody = met(until(firsts.c.identified_on))

INDICATORS = (
    count(
        "people_met",
        "Personnes rencontrées",
        "Personnes repérées depuis le début du programme, chacune comptée une fois, là où elle l’a été d’abord.",
        everybody,
        cumulative=True,
        section=SECTION,
        fact="person",
        population=PEOPLE,
    ),
    count(
        "people_met_in_quarter",
        "Personnes rencontrées dans le trimestre",
        "Personnes repérées pour la première fois dans le trimestre.",
        met(within(firsts.c.identified_on)),
        section=SECTION,
        fact="person",
        population=PEOPLE,
    ),
    rate(
        "invisible_share",
        "Personnes suivies nulle part",
        "Personnes inscrites nulle part ou sans contact depuis cinq mois, sur toutes les personnes rencontrées. "
        "Celles dont la situation est inconnue restent au dénominateur et sont montrées à part.",
        of_radar("NON_INSCRIT", "SANS_CONTACT_5_MOIS"),
        everybody,
        cumulative=True,
        section=SECTION,
        fact="person",
        population=PEOPLE,
    ),
    count(
        "radar_unknown",
        "Situation inconnue à la rencontre",
        "Personnes rencontrées dont on ne sait pas si elles sont suivies par une institution.",
        of_radar("INCONNU"),
        cumulative=True,
        section=SECTION,
        fact="person",
        population=PEOPLE,
    ),
    rate(
        "redirection_rate",
        "Personnes réorientées vers un partenaire",
        "Personnes dont une réorientation a été envoyée et n’a pas été retirée, sur les personnes rencontrées, depuis le début.",
        redirected,
        everybody,
        cumulative=True,
        section=SECTION,
        fact="referral",
        population=PEOPLE,
    ),
    count(
        "orientations_received",
        "Orientations reçues",
        "Orientations reçues des prescripteurs dans le trimestre.",
        facts(t.orientation, orientation.orientation, received, on=orientation.received_on, detail=orientation.kind),
        section=SECTION,
        fact="orientation",
        population="Orientations reçues",
    ),
    rate(
        "orientations_accepted",
        "Orientations acceptées",
        "Orientations acceptées avant la fin du trimestre, sur les orientations reçues dans le trimestre.",
        facts(t.orientation, orientation.orientation, received, accepted, on=orientation.accepted_on, detail=orientation.kind),
        facts(t.orientation, orientation.orientation, received, on=orientation.received_on, detail=orientation.kind),
        section=SECTION,
        fact="orientation",
        population="Orientations reçues",
    ),
    middle(
        "orientation_delay",
        "Délai de réponse aux prescripteurs",
        "Nombre médian de jours entre la réception d’une orientation et la réponse, pour les réponses du trimestre.",
        facts(
            t.orientation,
            orientation.orientation,
            within(orientation.answered_on),
            on=orientation.answered_on,
            detail=orientation.kind,
            amount=orientation.answered_day - orientation.received_day,
        ),
        section=SECTION,
        fact="orientation",
        population="Orientations auxquelles une réponse a été donnée",
    ),
)
