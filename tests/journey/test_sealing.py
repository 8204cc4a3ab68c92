"""What real processes record is sealed by one of them, and whoever changes it beneath them is found out by `parcours verify`."""

import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

from shared.store.postgres.store import PostgresStore
from shared.store.postgres.tree_heads import PostgresTreeHeads
from tests.contract.store.writing import append
from tests.processes import Process, Product, eventually, in_one_process
from tests.servers import free_port


def identify(product: Product, count: int) -> None:
    for _ in range(count):
        product.must("IdentifyPerson", {"person": str(uuid4()), "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"})


def test_a_log_is_sealed_while_it_is_served_and_a_change_beneath_it_is_named(tmp_path: Path) -> None:
    """Through a stop, which seals what is left, and a kill, which does not: the next start goes on."""
    kept = tmp_path / "kept.txt"
    with in_one_process(tmp_path) as product:
        identify(product, 3)
    verified = product.tool("verify")
    assert verified.returncode == 0, verified
    assert "every event is sealed" in verified.stderr
    kept.write_text(verified.stdout)
    with in_one_process(tmp_path) as product:
        identify(product, 3)
        product.processes["serve"].kill()
    with in_one_process(tmp_path) as product:
        identify(product, 1)
    verified = product.tool("verify", "--checkpoint", str(kept))
    assert verified.returncode == 0, verified
    assert "every event is sealed" in verified.stderr
    assert verified.stdout != kept.read_text()

    with closing(sqlite3.connect(tmp_path / "log.sqlite")) as connection, connection:
        connection.execute("drop trigger events_never_change")
        connection.execute("update events set message = replace(message, 'NON_INSCRIT', 'INCONNU') where position = 3")
    verified = product.tool("verify", "--checkpoint", str(kept))
    size = kept.read_text().splitlines()[1]
    assert verified.returncode == 1
    assert verified.stdout.splitlines() == [
        "changed: event number 3, at position 3, is not the one that was sealed.",
        f"fork: {kept} is signed, of {size} events, and the first {size} of this log are others.",
    ]
    assert product.tool("verify", "--checkpoint", str(tmp_path / "nothing")).returncode == 2


def test_the_process_of_the_relay_seals_a_log_in_postgres(tmp_path: Path, rabbitmq_uri: str, postgres_dsn: str) -> None:
    env = {"PARCOURS_AMQP_URI": rabbitmq_uri, "PARCOURS_EVENT_STORE": postgres_dsn, "PARCOURS_SEAL_KEY": str(tmp_path / "sealing")}
    store = PostgresStore(postgres_dsn)
    for number in range(501):
        store.append(append(f"s-{number}"))
    heads = PostgresTreeHeads(postgres_dsn)
    words = ("service", "relay", "--data", str(tmp_path), "--port", str(free_port()))
    relay = Process(*words, env=env, log=tmp_path / "relay.log")
    try:
        relay.start()
        eventually(lambda: heads.after(0, 1) != [], "the first checkpoint is signed", 120)
    finally:
        relay.end()
    assert [head.size for head in heads.after(0, 9)] == [500, 501]
    verified = Product(tmp_path, env).tool("verify")
    assert (verified.returncode, verified.stdout.splitlines()[1]) == (0, "501"), verified
