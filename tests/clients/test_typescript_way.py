"""A frontend in TypeScript sends a person's whole way to the real product, and reads its own writes."""

from collections.abc import Iterator

import pytest

from tests.clients.typescript import given, lines_of
from tests.processes import Product, in_one_process

STEPS = [
    "PersonIdentified",
    "OrientationReceived",
    "OrientationAccepted",
    "JourneyOpened",
    "InterviewHeld",
    "ReferralSent",
    "ReferralAccepted",
    "JobFound",
    "JourneyExited",
    "FollowUpCompleted",
]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with in_one_process(tmp_path_factory.mktemp("way")) as started:
        yield started


@pytest.mark.usefixtures("built")
def test_a_person_goes_their_whole_way_with_the_generated_client(product: Product) -> None:
    same, before, opened, left, way, *refused = lines_of("person", given(product))
    assert same == {"same": True}
    assert ("OpenJourney" in before["before"], "HoldInterview" in before["before"]) == (True, False)
    assert ("OpenJourney" in opened["opened"], "HoldInterview" in opened["opened"]) == (False, True)
    assert left["left"][0]["exit"]["reason"] == "OUTCOME"
    assert [kind for kind in told(product, way["person"]) if kind in STEPS] == STEPS
    assert {"intake.PersonIdentified", "coaching.FollowUpCompleted"} <= set(way["timeline"])
    assert [(each["status"], each["code"]) for each in refused] == [(409, "journey_not_open"), (422, "invalid"), (404, "not_found")]
    assert refused[1]["faults"] == ["channel", "place"]
    assert refused[1]["message"] == "Certains champs sont à reprendre"
    assert all(each["message"] for each in refused)


def told(product: Product, person: str) -> list[str]:
    """The events of a person, in the order of the log, each of them once."""
    events = product.get("/v1/events", after=0, limit=1000).json()["events"]
    assert len({event["id"] for event in events}) == len(events)
    return [event["type"].rpartition(".")[2] for event in events if (event.get("data") or {}).get("person") == person]
