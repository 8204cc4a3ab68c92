"""The command line. Exit codes: 0 done, 1 refused or failed, 2 misuse."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from services.bootstrap.settings import Settings, settings
from shared.errors import Fault

SERVICES = ("intake", "coaching", "referrals", "reporting", "gateway", "relay")
Command = Callable[[argparse.Namespace, Settings], int]


def main(argv: Sequence[str] | None = None) -> int:
    asked = parser().parse_args(argv)
    place = settings(Path(asked.data), asked.host, asked.port)
    try:
        return command(asked)(asked, place)
    except Fault as fault:
        print(f"{type(fault).__name__}: {fault}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left: nothing more to say to it
        return 1
    except KeyboardInterrupt:
        return 130


def command(asked: argparse.Namespace) -> Command:
    """The function behind a word. Hosting patches the process for eventlet, so it is imported for its own words alone."""
    if asked.word in {"serve", "demo", "service"}:
        from services.bootstrap import hosting

        return {"serve": hosting.serve, "demo": hosting.demo, "service": hosting.service}[asked.word]
    from services.cli import commands

    words: dict[str, Command] = {
        "load": commands.load,
        "generate": commands.generate,
        "history": commands.history,
        "indicators": commands.indicators,
        "replay": commands.replay,
        "rebuild": commands.rebuild,
        "copy": commands.copy,
        "dead": commands.dead,
        "tail": commands.tail,
    }
    return words[asked.word]


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="parcours", description="Journeys of coaching, as an immutable log and what is read from it.")
    words = top.add_subparsers(dest="word", required=True, metavar="COMMAND")
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument("--data", default=".parcours", metavar="DIR", help="where the log and the read models are kept (.parcours)")
    place.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    place.add_argument("--port", type=port, default=8000, help="the port to listen on (8000)")

    def word(name: str, says: str) -> argparse.ArgumentParser:
        return words.add_parser(name, help=says, description=says, parents=[place])

    word("serve", "all services in one process")
    word("demo", "serve, with the study of 2022-2024 loaded once")
    word("service", "one service in this process, over RabbitMQ").add_argument("service", choices=SERVICES)
    word("load", "bring past history in: commands as NDJSON").add_argument("file", help="a file, or - for standard input")
    made = word("generate", "write commands as NDJSON: a plausible history, or the study itself")
    made.add_argument("--persons", type=int, default=340)
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--from", dest="start", type=date.fromisoformat, default=date(2022, 6, 1), metavar="DATE")
    made.add_argument("--to", dest="end", type=date.fromisoformat, default=date(2024, 6, 30), metavar="DATE")
    made.add_argument("--study", action="store_true", help="the history that gives the study's published figures")
    log = word("history", "the log as NDJSON CloudEvents, in order")
    log.add_argument("--after", type=int, default=0, metavar="POSITION")
    log.add_argument("--territory")
    log.add_argument("--as-written", action="store_true", help="old shapes as they were recorded, not as they are read today")
    figures(word("indicators", "figures from the read models"), quarter_required=True)
    again = word("replay", "the same figures, from the log alone")
    figures(again, quarter_required=False)
    again.add_argument("--as-of", metavar="POSITION|DATE", help="fold the log up to here; a date is a time of recording")
    word("rebuild", "build the read models again from the log, beside the live ones, then swap")
    word("copy", "a whole copy of an SQLite log, taken while it is written").add_argument(
        "file", type=Path, help="a file that is not there yet"
    )
    letters = word("dead", "events that a policy could not handle")
    letters.add_argument("action", choices=("list", "replay"))
    letters.add_argument("--service", choices=SERVICES[:4])
    word("tail", "follow journey.feed, as a trusted back end would").add_argument(
        "--offset", default="next", metavar="first|next|N", help="where to begin in the stream (next)"
    )
    return top


def port(text: str) -> int:
    if not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text} is no port")
    return int(text)


def figures(parser: argparse.ArgumentParser, *, quarter_required: bool) -> None:
    parser.add_argument("--territory", default="all", help="a territory, or all")
    parser.add_argument("--quarter", required=quarter_required, metavar="2024-Q2")
    parser.add_argument("--definitions", type=int, metavar="VERSION")
    parser.add_argument("--json", action="store_true", help="the whole answer as JSON")


if __name__ == "__main__":
    sys.exit(main())
