"""The command line. Exit codes: 0 done; 1 the log or the rules refuse, or something failed; 2 misuse, whatever the log holds."""

import argparse
import os
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TextIO, cast

from services.bootstrap.names import NAMES, PROCESSES
from services.bootstrap.parts import needs_of
from services.bootstrap.settings import Settings, read_settings
from services.cli.argument_kinds import MAX_NUMBER, day, host, moment, number, offset, port, quarter
from services.cli.argument_parser import Add, ArgumentParser
from services.cli.proof_arguments import add_proof_commands
from services.cli.setup_arguments import add_setup_command
from shared.concealment import ConcealingStream
from shared.errors import CodedFault, Fault, Misconfigured, Unavailable
from shared.version import __version__

PROJECTIONS = ("reporting",)  # the services that fold events into read models

WRITERS = frozenset({"serve", "demo", "service", "setup", "keys", "load", "restore", "witness"})  # they make the data folder
READERS = frozenset(
    {"history", "indicators", "evidence", "changes", "replay", "rebuild", "audit", "verify", "bundle", "backup", "dead", "projections"}
    | {"generations"}
)  # they need a log
MAX_VERSION = 9_999
MAX_PERSONS = 10_000_000

Command = Callable[[argparse.Namespace, Settings], int]


def main(argv: Sequence[str] | None = None) -> int:
    args = parser().parse_args(argv)
    try:
        settings = settings_of(args)
    except Misconfigured as fault:
        return misconfigured(fault.sentences)
    with concealed_errors(settings.secrets):
        return run(args, settings)


def run(args: argparse.Namespace, settings: Settings) -> int:
    try:
        code = command(args.command)(args, settings)
        if sys.stdout:
            sys.stdout.flush()
        return code
    except Misconfigured as fault:
        return misconfigured(fault.sentences)
    except Unavailable as fault:
        if refused := rejections_of(args, settings):
            return misconfigured(refused)
        print(f"{type(fault).__name__}: {fault}", file=sys.stderr)
        return 1
    except CodedFault as fault:
        from services.bootstrap.registry import catalogue  # not before `serve` has patched the process

        print(catalogue().text_of(fault), file=sys.stderr)
        return 1
    except Fault as fault:
        print(f"{type(fault).__name__}: {fault}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of the pipe is gone
        write_nowhere()
        return 1
    except OSError as fault:
        write_nowhere()
        print(f"parcours: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def misconfigured(sentences: Sequence[str]) -> int:
    for sentence in sentences:
        print(f"parcours: {sentence}", file=sys.stderr)
    return 2


def rejections_of(args: argparse.Namespace, settings: Settings) -> Sequence[str]:
    """Why servers refuse this process, if that is the cause of what it could not reach."""
    from services.bootstrap.probes import rejections  # not before `serve` has patched the process

    return rejections(settings, needs_of(args.command, getattr(args, "process", None)).parts)


@contextmanager
def concealed_errors(secrets: Collection[str]) -> Iterator[None]:
    """Inside the block, nothing that is written to standard error, by whatever library, shows a password."""
    stream = sys.stderr
    if stream:  # there is none where it was closed
        sys.stderr = cast(TextIO, ConcealingStream(stream, secrets))
    try:
        yield
    finally:
        sys.stderr = stream


def settings_of(args: argparse.Namespace) -> Settings:
    needs = needs_of(args.command, getattr(args, "process", None))
    settings = read_settings(Path(args.data), args.host, args.port, create=args.command in WRITERS, needs=needs)
    if args.command in READERS and not getattr(args, "verify", False):
        settings.check_log_exists()
    return settings


def write_nowhere() -> None:
    """What is still to be written would fail again when the process ends."""
    if sys.stdout:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def command(name: str) -> Command:
    """The function of a command. `serve` patches the process for eventlet, so it is imported only for its own commands."""
    if name in {"serve", "demo", "service"}:
        from services.cli import serve

        return {"serve": serve.serve, "demo": serve.demo, "service": serve.service}[name]
    from services.cli import (
        backup_commands,
        check_command,
        commands,
        figure_commands,
        keys_command,
        operator_commands,
        read_model_commands,
        setup_command,
    )

    functions: dict[str, Command] = {
        "check": check_command.check,
        "setup": setup_command.setup,
        "keys": keys_command.keys,
        "load": commands.load,
        "generate": commands.generate,
        "history": commands.history,
        "changes": figure_commands.changes,
        "evidence": figure_commands.evidence,
        "indicators": figure_commands.indicators,
        "replay": figure_commands.replay,
        "rebuild": read_model_commands.rebuild,
        "backup": backup_commands.backup,
        "restore": backup_commands.restore_log,
        "dead": operator_commands.dead,
        "projections": read_model_commands.projections,
        "generations": read_model_commands.generations,
        "tail": operator_commands.tail,
    }
    return (functions | proofs())[name]


def proofs() -> dict[str, Command]:
    """What those ask for who want to know for themselves."""
    from services.cli import audit_command, proof_commands, witness_command

    return {
        "audit": audit_command.audit,
        "verify": proof_commands.verify,
        "bundle": proof_commands.bundle,
        "witness": witness_command.witness,
    }


"""Adds a subcommand: its name and its help -> its parser."""


def parser() -> argparse.ArgumentParser:
    top = ArgumentParser(prog="parcours", description="Coaching journeys as an immutable log of events, and the figures of a programme.")
    top.add_argument("--version", action="version", version=f"parcours {__version__}")
    subcommands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    shared_options = ArgumentParser(add_help=False)
    shared_options.add_argument("--data", default=".parcours", metavar="DIR", help="where the log and the read models are kept (.parcours)")
    shared_options.add_argument("--host", type=host, default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    shared_options.add_argument("--port", type=port, default=8000, help="the port to listen on (8000)")

    def add(name: str, help: str) -> argparse.ArgumentParser:
        return subcommands.add_parser(name, help=help, description=help, parents=[shared_options])

    add_service_commands(add)
    add_history_commands(add)
    add_figure_commands(add)
    add_proof_commands(add)
    add_operator_commands(add)
    return top


def add_service_commands(add: Add) -> None:
    add("serve", "all services in one process")
    add("demo", "serve, with the study of 2022-2024 loaded once")
    add("service", "one service in this process, over RabbitMQ").add_argument("process", choices=PROCESSES)
    add_setup_command(add)
    check = add("check", "check the configuration, and ask the servers whether they take it; nothing is started or changed")
    check.add_argument("process", nargs="?", choices=PROCESSES, help="what that process needs (all that there is)")


def add_history_commands(add: Add) -> None:
    add("load", "import a past history: commands as NDJSON; the first 100 faulty lines are described, the others counted").add_argument(
        "file", help="a file, or - for standard input"
    )
    generate = add("generate", "write commands as NDJSON: a plausible history, or the study itself")
    generate.add_argument("--persons", type=number(0, MAX_PERSONS), default=340)
    generate.add_argument("--seed", type=number(0, MAX_NUMBER), default=1)
    generate.add_argument("--from", dest="start", type=day, default=date(2022, 6, 1), metavar="DATE")
    generate.add_argument("--to", dest="end", type=day, default=date(2024, 6, 30), metavar="DATE")
    generate.add_argument("--study", action="store_true", help="the history that gives the study's published figures")
    history = add("history", "the log as NDJSON CloudEvents, in order")
    history.add_argument("--after", type=number(0, MAX_NUMBER), default=0, metavar="POSITION")
    history.add_argument("--territory")
    history.add_argument("--as-written", action="store_true", help="events in the schema they were written in, without upcasts")
    tail = add("tail", "print the stream journey.feed, as a trusted back end receives it")
    tail.add_argument("--offset", type=offset, default="next", metavar="first|last|next|N", help="where to begin in the stream (next)")


def add_figure_commands(add: Add) -> None:
    now = add("indicators", "figures from the read models")
    figures(now, quarter_required=True)
    now.add_argument("--as-of", type=moment, metavar="MOMENT", help="a position, a day of recording (2024-03-31) or an instant")
    facts = add("evidence", "the facts that a figure counts, each with the positions of its events")
    facts.add_argument("indicator", metavar="ID", help="of the figure: people_met, positive_rate, …")
    facts.add_argument("--side", choices=("numerator", "denominator"), default="numerator", help="of a rate (numerator)")
    figures(facts, quarter_required=True)
    facts.add_argument("--as-of", type=moment, metavar="MOMENT", help="as --as-of of `indicators`: those that were known then")
    between = add("changes", "why figures changed between two moments: each event, and what it moved")
    figures(between, quarter_required=True)
    between.add_argument("--since", type=moment, required=True, metavar="MOMENT", help="as --as-of of `indicators`")
    between.add_argument("--until", type=moment, metavar="MOMENT", help="now, unless another is given")
    between.add_argument("--indicator", metavar="ID", help="of this figure alone")
    replay = add("replay", "the same figures, folded from the log without the read models")
    figures(replay, quarter_required=False)
    replay.add_argument("--as-of", type=moment, metavar="MOMENT", help="fold the log up to here")


def add_operator_commands(add: Add) -> None:
    add("rebuild", "build the read models again from the log, beside the live ones, then swap")
    audit = add("audit", "compare the two ways to every figure, or what each consumer has applied with the log")
    audit.add_argument("what", choices=("figures", "coverage"))
    audit.add_argument("--give-back", action="store_true", help="of coverage: make dead letters of what inboxes of policies left out")
    audit.add_argument(
        "--anew", action="append", default=[], metavar="CONSUMER", help="of coverage: begin at its checkpoint, and forget what it noted"
    )
    keys = add("keys", "make the keys of an installation, or replace the one that signs identities while everything works")
    keys.add_argument("action", choices=("make", "list", "prepare", "rotate", "drop"))
    backup = add("backup", "write all that cannot be made again to a folder, while services work")
    backup.add_argument("folder", type=Path, help="the backup, a folder that does not exist yet")
    backup.add_argument("--verify", action="store_true", help="only verify a backup that is there")
    restore = add("restore", "put a backup into an empty log, when no service runs")
    restore.add_argument("folder", type=Path, nargs="?", help="the backup")
    restore.add_argument("--in-place", action="store_true", help="the log was put back by its database: only see to it that it may go on")
    restore.add_argument("--without-person-keys", action="store_true", help="the key that wraps them is lost: names stay unreadable")
    letters = add("dead", "list the dead letters (events that a policy could not handle), or process them again")
    letters.add_argument("action", choices=("list", "replay"))
    letters.add_argument("--service", choices=NAMES)
    generations = add("generations", "list the read models by the version of the facts, or drop those of a version that no process uses")
    generations.add_argument("action", choices=("list", "drop"))
    generations.add_argument("version", nargs="?", help="of those that `list` names; without it, all but the latest of the other versions")
    projections = add("projections", "list the projections and the event that stopped one, or let it try that event again")
    projections.add_argument("action", choices=("list", "retry"))
    projections.add_argument("--service", choices=PROJECTIONS, default=PROJECTIONS[0])


def figures(parser: argparse.ArgumentParser, *, quarter_required: bool) -> None:
    parser.add_argument("--territory", default="all", help="a territory, or all")
    parser.add_argument("--quarter", type=quarter, required=quarter_required, metavar="2024-Q2")
    parser.add_argument("--definitions", type=number(1, MAX_VERSION), metavar="VERSION")
    parser.add_argument("--json", action="store_true", help="the whole answer as JSON")


if __name__ == "__main__":
    sys.exit(main())
