"""`parcours verify`: whether the log is what was sealed. `parcours bundle`: what an auditor needs to find out without us."""

from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

from services.bootstrap.bundle import PROGRAM, make_bundle
from services.bootstrap.composition import Components
from services.bootstrap.environment import fault_text
from services.bootstrap.seal_key import existing_seal_key
from services.bootstrap.settings import Settings
from services.cli.commands import print_message, progress
from shared.errors import Misconfigured
from shared.proof.comparison import numbered
from shared.proof.cosignature import WitnessVerifier, parse_witness
from shared.proof.finding import Finding
from shared.proof.notes import NotANote, VerifierKey, parse_verifier
from shared.proof.verification import Verification, Verified
from shared.store.tree_heads import all_heads

MAX_REPORTED = 100  # findings that are printed; the others are counted


def verify(args: Namespace, settings: Settings) -> int:
    """Prints what is wrong, a line each; of a log in which nothing is, the last checkpoint, for whoever wants to keep it."""
    verifier = verifier_of(args.key, settings)
    kept = {str(path): text_of(path) for path in args.checkpoint}
    components = Components(settings)
    verification = Verification(components.raw_store, verifier, kept, witnesses_of(args))
    count = said(verification.findings(progress(all_heads(components.tree_heads), "checkpoints")))
    print_message(summary(verification.result, verifier, count))
    if not count:
        print(verification.result.checkpoint, end="")
    return 1 if count else 0


def bundle(args: Namespace, settings: Settings) -> int:
    verifier = existing_seal_key(settings.keys.seal).verifier
    try:
        count = make_bundle(Components(settings), args.folder, verifier)
    except OSError as fault:
        print_message(f"{args.folder}: {fault_text(fault)}")
        return 1
    print_message(f"{args.folder} holds {count} events, under their pseudonyms. Whoever has it runs: python {args.folder / PROGRAM}")
    return 0


def said(findings: Iterable[Finding]) -> int:
    """Print findings, and count them."""
    count = 0
    for count, finding in enumerate(findings, 1):
        if count <= MAX_REPORTED:
            print(f"{finding.kind}: {finding.text}.")
    if count > MAX_REPORTED:
        print_message(f"… and {count - MAX_REPORTED} more findings.")
    return count


def summary(result: Verified, verifier: VerifierKey, findings: int) -> str:
    wrong = f"{findings} things are wrong" if findings > 1 else "one thing is wrong" if findings else "all is as it was sealed"
    waiting = numbered(result.sealed + 1, result.events) if result.events > result.sealed else ""
    tail = f"{waiting} {'are' if ' to ' in waiting else 'is'} not sealed yet" if waiting else "every event is sealed"
    return (
        f"{result.events} events, {result.checkpoints} checkpoints up to event {result.sealed}; {tail}. Key: {verifier}. In them {wrong}."
    )


def verifier_of(key: str | None, settings: Settings) -> VerifierKey:
    """The key that verifies: that which was given, or that of this installation.

    Raises:
        Misconfigured: there is none.
    """
    if key is None:
        return existing_seal_key(settings.keys.seal).verifier
    try:
        return parse_verifier(key)
    except NotANote as fault:
        raise Misconfigured(f"--key {key}: {fault}.") from fault


def witnesses_of(args: Namespace) -> list[WitnessVerifier]:
    """
    Raises:
        Misconfigured: one is no key of a witness, or there is nothing that it may have cosigned.
    """
    if args.witness and not args.checkpoint:
        raise Misconfigured("--witness asks for cosignatures of what was kept: name it with --checkpoint.")
    try:
        return [parse_witness(key) for key in args.witness]
    except NotANote as fault:
        raise Misconfigured(f"--witness: {fault}.") from fault


def text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as fault:
        raise Misconfigured(f"{path}: {fault_text(fault)}") from fault
