"""`parcours check`: what a start would say of the configuration, without a start. The settings themselves are checked before."""

from argparse import Namespace

from services.bootstrap.composition import Components
from services.bootstrap.lost_events import check_history
from services.bootstrap.names import GATEWAY, NAMES
from services.bootstrap.parts import Part, needs_of
from services.bootstrap.probes import ask_all, asked, where
from services.bootstrap.settings import Settings
from services.vocabulary.restoration import STREAM, restorations
from shared.errors import Fault, Misconfigured

WRONG, AWAY = 2, 1


def check(args: Namespace, settings: Settings) -> int:
    """A line for the settings and one for each part. 2: a setting is wrong; 1: a part is away, or cannot be read; 0: all is well."""
    needed = needs_of(args.command, args.process).parts
    answers = dict(ask_all(settings, asked(settings, needed), [args.process] if args.process else []))
    print("settings: ok")
    if answers.get(Part.LOG) == "":  # it is there
        answers[Part.LOG] = history(settings, broker=answers.get(Part.BROKER) == "" and args.process != GATEWAY)
    for part, answer in answers.items():
        print(f"{part.label}: {line(settings, part, answer)}")
    codes = [code_of(answer) for answer in answers.values()]
    if args.process in NAMES:
        for sentence in settings.keys.awaited(needed):
            print(f"keys: {sentence}")
            codes.append(AWAY)
    return max(codes)


def history(settings: Settings, *, broker: bool) -> str | Fault:
    """Whether the log is the one that the broker knows, if it can be asked; and whether it was ever restored.

    A gateway does not ask when it starts, and its user may not.
    """
    store = Components(settings).store
    try:
        if broker:
            check_history(settings, store)
        events = store.read_stream(STREAM)
    except Fault as fault:
        return fault
    finally:
        store.close()
    last = next(reversed([*zip(events, restorations(events), strict=True)]), None)
    return f"restored on {last[0].recordedtime:%Y-%m-%d} to position {last[1].after}" if last else ""


def line(settings: Settings, part: Part, answer: str | Fault) -> str:
    if isinstance(answer, Misconfigured):
        return " ".join(answer.sentences)
    if isinstance(answer, Fault):
        return " ".join(f"{where(settings, part)}: {answer}".split())
    return f"ok, {answer}" if answer else "ok"


def code_of(answer: str | Fault) -> int:
    if isinstance(answer, Misconfigured):
        return WRONG
    return AWAY if isinstance(answer, Fault) else 0
