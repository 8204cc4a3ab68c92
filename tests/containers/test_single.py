"""One container: brought up, entered, killed, replaced by another version, and what was recorded is there."""

import pytest

from tests.containers.installation import SECONDS, Installation, Person, check_restore
from tests.processes import eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
PROFILE = "single"
CONTAINER = "parcours-parcours-1"


def test_a_person_enters_by_the_link_records_and_sees_it(installation: Installation) -> None:
    with installation.browser() as client:
        link = installation.link("--role", "coach", "--organisation", "etape", "--territory", "flers", "--name", "coach-1")
        coach = Person(client, link)
        assert "coach-1, coach" in coach.sees("/")
        person = coach.meet()
        eventually(lambda: coach.knows(person), "the page of the person", SECONDS)
        assert "Saisir une étape" in coach.sees("/")
        again = client.post("/lien", data={"secret": link.partition("#")[2]}, headers=coach.origin)
        assert again.status_code == 403
    assert link.partition("#")[2] not in installation.compose("logs")


def test_a_container_that_is_killed_comes_back_with_everything(installation: Installation) -> None:
    with installation.browser() as client:
        admin = Person(client, installation.link())
        person, before = admin.meet(), installation.restarts(CONTAINER)
        installation.kill(CONTAINER)
        eventually(lambda: installation.restarts(CONTAINER) > before and installation.healthy(CONTAINER), "the container", SECONDS)
        eventually(lambda: admin.knows(person), "the page of the person, in the same session", SECONDS)


def test_another_version_takes_its_place_on_the_same_data(installation: Installation) -> None:
    with installation.browser() as client:
        admin = Person(client, installation.link())
        person = admin.meet()
        installation.up(version="next")
        assert installation.engine.inspect(CONTAINER)["Config"]["Labels"]["org.opencontainers.image.version"] == "next"
        eventually(lambda: admin.knows(person), "the page of the person, in the same session", SECONDS)


def test_its_file_system_is_read_only_and_its_user_is_nobody_else(installation: Installation) -> None:
    tried = ["exec", "-T", "parcours", "sh", "-c"]
    assert installation.compose(*tried, "id -u").strip() == "10001"
    assert installation.compose(*tried, "touch /app/x 2>/dev/null || echo refused").strip() == "refused"


def test_a_backup_is_restored_when_everything_is_lost(installation: Installation) -> None:
    check_restore(installation)
