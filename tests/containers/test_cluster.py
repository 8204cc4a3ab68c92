"""Two containers of every process behind the proxy: one of each is killed, then another version takes their place; work goes on."""

import pytest

from services.bootstrap.names import PROCESSES
from tests.containers.installation import SECONDS, Installation, Person, check_restore
from tests.processes import eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]
PROFILE = "cluster"


def test_a_person_enters_through_the_proxy_by_a_link_that_one_gateway_made(installation: Installation) -> None:
    with installation.browser() as client:
        link = installation.link("--role", "coach", "--organisation", "etape", "--territory", "flers", "--name", "coach-1")
        coach = Person(client, link)
        assert "coach-1, coach" in coach.sees("/")
        person = coach.meet()
        eventually(lambda: coach.knows(person), "the page of the person", SECONDS)
        answers = [client.post("/lien", data={"secret": link.partition("#")[2]}, headers=coach.origin) for _ in range(4)]
        assert {answer.status_code for answer in answers} == {403}, "whichever gateway is asked"
    assert link.partition("#")[2] not in installation.compose("logs")


def test_another_up_replaces_no_container(installation: Installation) -> None:
    before = installation.identities()
    installation.compose("up", "--wait")
    assert installation.identities() == before


def test_nothing_but_the_proxy_and_the_console_of_the_broker_listens(installation: Installation) -> None:
    ports = [port for each in installation.containers() for port in each["Publishers"] or ()]
    assert {str(port["PublishedPort"]) for port in ports if port["PublishedPort"]} == {"8443", "15672"}


@pytest.mark.parametrize("process", PROCESSES)
def test_one_of_two_is_killed_and_work_goes_on(installation: Installation, process: str) -> None:
    container = f"parcours-{process}-1"
    with installation.browser() as client:
        admin = Person(client, installation.link())
        before = installation.restarts(container)
        installation.kill(container)
        person = admin.meet()
        eventually(lambda: admin.knows(person), "the page of the person", SECONDS)
        eventually(lambda: installation.restarts(container) > before and installation.healthy(container), container, SECONDS)


@pytest.mark.parametrize("server", ["rabbitmq", "postgres"])
def test_a_server_is_restarted_and_work_goes_on(installation: Installation, server: str) -> None:
    with installation.browser() as client:
        admin = Person(client, installation.link())
        installation.compose("restart", server)
        person = admin.meet()
        eventually(lambda: admin.knows(person), "the page of the person", SECONDS)


def test_another_version_takes_their_place_and_everything_is_there(installation: Installation) -> None:
    with installation.browser() as client:
        admin = Person(client, installation.link())
        people, before = [admin.meet() for _ in range(3)], admin.events()
        installation.up(version="next")
        replaced = installation.identities()
        installation.compose("up", "--wait", version="next")
        assert installation.identities() == replaced
        images = {each["Image"] for each in installation.containers(*PROCESSES)}
        assert images == {"parcours:next"}
        assert len(installation.containers(*PROCESSES)) == 2 * len(PROCESSES)
        assert admin.events() == before
        assert all(admin.knows(person) for person in people)


def test_postgresql_has_room_for_all_of_them(installation: Installation) -> None:
    ask = ["exec", "-T", "postgres", "psql", "-U", "postgres", "-At", "-c"]
    most = int(installation.compose(*ask, "show max_connections"))
    assert int(installation.compose(*ask, "select count(*) from pg_stat_activity where backend_type = 'client backend'")) < most
    assert "too many clients" not in installation.compose("logs", "postgres")


def test_a_backup_is_restored_when_everything_is_lost(installation: Installation) -> None:
    check_restore(installation)
