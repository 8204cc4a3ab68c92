"""`parcours check`: what a start would say of the configuration, without a start. The settings themselves are checked before."""

from argparse import Namespace

from services.bootstrap.parts import Part, needs_of
from services.bootstrap.probes import ask_all, asked, where
from services.bootstrap.settings import Settings
from shared.errors import Fault, Misconfigured

WRONG, AWAY = 2, 1


def check(args: Namespace, settings: Settings) -> int:
    """A line for the settings and one for each part. 2: a setting is wrong; 1: a part is away, or cannot be read; 0: all is well."""
    needed = needs_of(args.command, args.process).parts
    answers = ask_all(settings, asked(settings, needed))
    print("settings: ok")
    for part, answer in answers.items():
        print(f"{part.label}: {line(settings, part, answer)}")
    codes = [code_of(answer) for answer in answers.values()]
    return max(codes)


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
