"""What a page says is so: each message against the facts behind it."""

import re
from datetime import date
from html import unescape
from uuid import uuid4

import pytest

from services.coaching.coded_values import FollowUpChannel, Milestone, Situation
from services.coaching.follow_up import FollowUpCompleted
from services.coaching.french import follow_up
from services.reporting.answers import BandCell, RateCell
from services.reporting.disclosure.bands import Band, Thresholds, exactly
from services.reporting.disclosure.view import MaskedView
from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.figure import Figure
from tests.harness.world import World, met

SPRING = "2024-05-01T10:00:00+02:00"
QUARTER = "2024-Q2"
PAGE = {"Accept": "text/html"}


def text(world: World, path: str, **more: object) -> str:
    answer = world.get(path, headers=PAGE, **more)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)).replace("\u00a0", " ").replace("\u202f", " "))


def must(world: World, name: str, data: dict[str, object], *, role: str = "coach", territory: str = "alencon") -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    answer = world.ask(
        "POST", f"/v1/commands/{name}", role=role, json={"territory": territory, "time": SPRING, "data": data}, headers=headers
    )
    assert answer.status_code == 201, answer.text


def test_a_page_says_of_an_erasure_what_is_true(world: World) -> None:
    """What the key protected cannot be read, and the events are still there: nothing says that they are gone."""
    must(world, "IdentifyPerson", met("p-1"))
    must(world, "GiveNotice", {"person": "p-1", "version": 1, "mode": "ORAL"})
    profile = {"sex": "F", "birth_year": 1990, "registration": "NON_INSCRIT", "education_level": "NIVEAU_4", "disability": False}
    must(world, "RecordProfile", {"person": "p-1", "household": "SEUL", **profile})
    assert "naissance en 1990" in text(world, "/parcours/p-1", role="coach")
    must(world, "DestroyPersonKey", {"person": "p-1", "basis": "DEMANDE"}, role="dpo")
    destroy_keys(world)
    page = text(world, "/parcours/p-1", role="coach")
    assert "naissance en 1990" not in page
    assert "Profil à l’entrée noté." in page
    assert "effacées" not in page
    assert "La clé de la personne est détruite" in page
    assert "effacées" not in text(world, f"/evenement/{world.components.store.head()}")


def destroy_keys(world: World) -> None:
    """What follows the log in the process of intake, and the time in which a gateway may have kept a key."""
    world.components.key_projector().catch_up()
    world.components.personal.keyring.kept.clear()


def test_a_released_figure_names_its_decision_and_its_day(world: World) -> None:
    for number in range(3):
        must(world, "IdentifyPerson", met(f"p-{number}"))
    cell = {"indicator": "people_met", "quarter": QUARTER, "of_territory": "alencon"}
    must(world, "ReleaseCell", {**cell, "authority": "COTER du 3 juillet"}, role="coordinator", territory="all")
    assert "Montré par une décision du 1er mai 2024 : COTER du 3 juillet." in text(world, f"/coter/alencon/{QUARTER}/people_met")
    evidence = world.get(f"/v1/indicators/people_met/evidence?territory=alencon&quarter={QUARTER}").json
    assert evidence is not None
    assert evidence["released"] == {"authority": "COTER du 3 juillet", "on": "2024-05-01"}
    assert "released" not in (world.get(f"/v1/indicators/people_met/evidence?territory=flers&quarter={QUARTER}").json or {})


@pytest.mark.parametrize("role", ["committee", "funder", "partner", "prescriber", "coach", "coordinator", "auditor"])
def test_only_who_may_open_the_facts_is_told_so(world: World, role: str) -> None:
    """Each page that promises the facts of a figure leads to them, for this reader."""
    must(world, "IdentifyPerson", met("p-1"))
    promised = "la liste des faits comptés et les événements" in text(world, f"/coter/alencon/{QUARTER}", role=role)
    opened = world.get(f"/coter/alencon/{QUARTER}/people_met", role=role).text
    assert promised == ("/evenement/" in opened) == (role in {"coach", "coordinator", "auditor"})
    assert "s’ouvre jusqu’aux événements" not in text(world, "/", role=role)


def test_the_front_page_says_why_there_are_no_figures(world: World) -> None:
    nothing, not_closed, not_yours = "ne contient encore aucun fait", "Aucun trimestre n’est encore clos", "Votre rôle n’ouvre pas"
    assert nothing in text(world, "/", role="committee")
    world.meet("p-1")
    assert not_closed in text(world, "/", role="committee")
    participant = text(world, "/", role="participant", actor="p-1")
    assert not_yours in participant
    assert nothing not in participant


def test_a_reading_that_fails_speaks_of_no_command(world: World) -> None:
    world.away.add("reporting")
    for path in (f"/v1/indicators?quarter={QUARTER}", f"/coter/alencon/{QUARTER}"):
        answer = world.get(path, headers={"Accept": "application/json"} if path.startswith("/v1/") else PAGE)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert "commande" not in answer.text
    world.away.add("intake")
    assert "même commande" in world.send("IdentifyPerson", met("p-1")).text


def test_a_reading_is_not_refused_by_the_rules_of_the_programme(world: World) -> None:
    assert "règles du programme" not in text(world, "/coter/alencon/spring")
    assert "« spring » n’est pas un trimestre" in text(world, "/coter/alencon/spring")
    assert "règles du programme" in world.send("HoldInterview", {"person": "p-1", "mode": "VISIO", "minutes": 30}).text


@pytest.mark.parametrize("still", [True, False])
def test_a_follow_up_without_an_outcome_does_not_speak_of_one(still: bool) -> None:
    """Whoever left without an outcome is not in it any more, and never was."""
    event = FollowUpCompleted(
        person="p-1",
        rank=1,
        milestone=next(iter(Milestone)),
        situation=next(iter(Situation)),
        still_in_outcome=still,
        channel=next(iter(FollowUpChannel)),
        on=date(2024, 5, 1),
    )
    assert ("issue" in follow_up(event)) == still


def test_what_stands_at_the_end_of_a_quarter_is_not_counted_since_the_beginning(world: World) -> None:
    must(world, "IdentifyPerson", met("p-1"))
    assert "Compté au dernier jour du trimestre." in text(world, f"/coter/alencon/{QUARTER}/journeys_open")
    assert "Compté depuis le début du programme" in text(world, f"/coter/alencon/{QUARTER}/people_met")
    assert "Parcours ouverts en fin de trimestre depuis le début" not in text(world, f"/coter/alencon/{QUARTER}")


def test_a_button_of_a_task_is_one_of_those_that_the_page_has(world: World) -> None:
    answer = world.ask("POST", "/taches", data={"button": "other", "task": "t-1", "territory": "alencon", "id": str(uuid4())})
    assert answer.status_code == 400
    assert world.calls == []


def test_the_place_of_a_step_is_named_as_people_name_it(world: World) -> None:
    position = world.meet("p-1")
    for path in ("/parcours/p-1", f"/evenement/{position}"):
        assert "Alençon" in text(world, path)


def test_a_number_that_is_shown_is_not_said_to_be_hidden() -> None:
    """Of a rate, the numerator may be exact where the total is not: then the reason speaks of the total."""
    indicator, figure, view = INDICATORS["positive_rate"], Figure(18, 61), MaskedView({}, {"2024-Q2": Thresholds(5, 20)}, {})
    cell = view.rate_cell(indicator, figure, exactly(18), Band(59, 62), RateCell(18, 61, 30), "all", "2024-Q2")
    assert isinstance(cell, BandCell)
    assert (cell.least, cell.most) == (18, 18)
    assert cell.masked.startswith("Le total n’est pas montré")
