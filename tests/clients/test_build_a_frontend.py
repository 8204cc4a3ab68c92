"""The how-to for frontends works: what a reader types is executed in this order, in one shell, and the page is used in a browser."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.architecture.source import ROOT
from tests.clients.typescript import CLIENT
from tests.forks import WITH_ITS_PARENT
from tests.processes import eventually, free_port
from tests.servers.debian import program

HOW_TO = ROOT / "docs" / "how-to" / "build-a-frontend.md"
SNIPPETS = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"(?:// |<!-- )([\w.]+)(?: -->)?\n")
# Before each of these the reader looks at the page, for as long as the test does.
LOOKS = ("kill $PRODUCT && wait $PRODUCT", "serve\n", "kill $PRODUCT; kill -- -$PAGE")
FOLDER = "/tmp/parcours-frontend"
# Job control as in a terminal; the trap leaves no process behind when a command fails.
PREAMBLE = f"set -euo pipefail -m\ntrap 'jobs -p | xargs --no-run-if-empty kill -KILL' EXIT\nmkdir -p {FOLDER}\n"
ENDED = "Votre session a pris fin."


def typed(text: str) -> str:
    """The snippets of the page, as commands: those of a shell as they are, files written where they are shown."""
    commands, looks = [], 0
    for language, snippet in SNIPPETS.findall(text):
        if snippet.startswith(LOOKS):
            looks += 1
            commands.append(f"touch {FOLDER}/typed-{looks}\nuntil [ -e {FOLDER}/seen-{looks} ]; do sleep 0.1; done\n")
        if language == "sh":
            commands.append(snippet)
        else:
            named = FILE_NAME.match(snippet)
            assert named, f"a snippet in {language} that nothing executes: {snippet[:60]}"
            commands.append(f"cat > {FOLDER}/{named[1]} <<'END OF FILE'\n{snippet}END OF FILE\n")
    assert looks == len(LOOKS)
    return "".join(commands)


class Reader:
    """Somebody who types all of it, and looks at the page now and then."""

    def __init__(self, folder: Path, output: Path) -> None:
        self.origin = f"http://127.0.0.1:{free_port()}"
        self.gateway = f"http://127.0.0.1:{free_port()}"
        script = PREAMBLE + typed(HOW_TO.read_text())
        for written, used in ((FOLDER, str(folder)), ("http://127.0.0.1:8000", self.gateway), ("http://127.0.0.1:5173", self.origin)):
            assert written == FOLDER or script.count(written) == 1, f"{written} is written once, and a variable elsewhere"
            script = script.replace(written, used)
        self.folder, self.output, self.looks = folder, output, 0
        env = {**os.environ, "npm_config_prefer_offline": "true", "npm_config_update_notifier": "false"}
        with output.open("wb") as out:
            self.shell = subprocess.Popen(
                [*WITH_ITS_PARENT, "bash", "-c", script], cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=out, stderr=out
            )

    def types(self) -> None:
        """Let the reader type up to the next look. esbuild serves as long as its input is open, so the shell hears it by a file."""
        if self.looks:
            (self.folder / f"seen-{self.looks}").touch()
        self.looks += 1
        if self.looks <= len(LOOKS):
            eventually(self.is_looking, "everything is typed", 200)
        else:
            eventually(self.has_ended, f"the end of {self.output}")

    def is_looking(self) -> bool:
        if self.shell.poll() is not None:
            pytest.fail(self.output.read_text())
        return (self.folder / f"typed-{self.looks}").exists()

    def has_ended(self) -> bool:
        return self.shell.poll() is not None


@contextmanager
def reading(folder: Path) -> Iterator[Reader]:
    reader = Reader(folder / "frontend", folder / "output")
    try:
        yield reader
    finally:
        reader.shell.terminate()
        reader.shell.wait(60)


@pytest.mark.usefixtures("built")
def test_every_snippet_works_and_makes_a_page(tmp_path: Path, browser: Browser) -> None:
    program("/usr/bin/curl", "curl")
    generated = (CLIENT / "src" / "generated" / "openapi.ts").read_text()
    with reading(tmp_path) as reader:
        reader.types()
        context = browser.new_context()
        faults: list[str] = []
        context.on("weberror", lambda fault: faults.append(str(fault.error)))
        page = opened(context, reader)
        eventually(lambda: page.inner_text("#who") == "coach-1, coach", "the page knows who asks")
        eventually(lambda: lines(page, "people") == ["p-1 : aucun parcours"], "the feed is open, and everybody is shown")
        a_refused_meeting_is_corrected(page)
        an_earlier_one_is_corrected_later(page)
        reader.types()  # the product stops
        what_is_typed_without_the_product_waits(page)
        late = opened(context, reader)
        reader.types()  # the product is back
        eventually(lambda: page.inner_text("#message") == "C’est enregistré.", "what waited is recorded")
        assert steps(page) > 2
        eventually(lambda: late.inner_text("#who") == "coach-1, coach", "a page that was opened meanwhile comes alive")
        people = eventually(lambda: lines(page, "people"), "everybody")
        eventually(
            lambda: lines(page, "feed")[-1:] == ["Rencontre : alencon"] and len(lines(page, "people")) == 4, f"one more than {people}"
        )
        late.close()
        what_is_typed_after_the_session_waits_for_another_one(page, reader)
        assert faults == []
        context.close()
        reader.types()
    assert reader.shell.returncode == 0, reader.output.read_text()
    assert (CLIENT / "src" / "generated" / "openapi.ts").read_text() == generated


def opened(context: BrowserContext, reader: Reader) -> Page:
    page = context.new_page()
    page.goto(reader.origin)
    return page


def lines(page: Page, listed: str) -> list[str]:
    """The lines of a list, without their buttons."""
    buttons = re.compile("( ?(Corriger|Retirer))*$")
    return [buttons.sub("", text).strip() for text in page.locator(f"#{listed} > li").all_inner_texts()]


def steps(page: Page) -> int:
    return int(eventually(lambda: page.locator("#next li").count(), "the next steps"))


def submit(page: Page, place: str) -> None:
    page.fill("[name=place]", place)
    page.click("form button")


def a_refused_meeting_is_corrected(page: Page) -> None:
    submit(page, "")
    eventually(lambda: page.inner_text("[data-fault=place]") != "", "the fault is under its field")
    page.select_option("[name=channel]", label="au porte-à-porte")
    submit(page, "Marché")
    eventually(lambda: lines(page, "sent") == ["Enregistré : Marché."], "the corrected one is recorded, and the refused one gone")
    assert page.inner_text("#message") == "C’est enregistré."
    assert steps(page) > 2
    assert page.inner_text("[data-fault=place]") == ""
    eventually(lambda: lines(page, "feed") == ["Rencontre : alencon"], "the event is heard")
    submit(page, "")  # the next person has no step yet, and the message is about them
    eventually(lambda: page.inner_text("#message").startswith("Certains champs"), "refused")
    assert page.locator("#next li").count() == 0


def an_earlier_one_is_corrected_later(page: Page) -> None:
    page.reload()
    eventually(lambda: lines(page, "sent") == ["Refusé : sans lieu. Certains champs sont à reprendre"], "what an earlier visit left")
    page.click("text=Corriger")
    assert page.inner_text("[data-fault=place]") != ""
    submit(page, "Mairie")
    eventually(lambda: lines(page, "sent") == ["Enregistré : Mairie."], "recorded")


def what_is_typed_without_the_product_waits(page: Page) -> None:
    submit(page, "Gare")
    eventually(lambda: lines(page, "sent")[-1:] == ["En attente : Gare."], "it waits")
    eventually(lambda: page.inner_text("#message") == "Parcours ne répond pas pour l’instant.", "the page says so")
    assert page.locator("#next li").count() == 0


def what_is_typed_after_the_session_waits_for_another_one(page: Page, reader: Reader) -> None:
    with page.expect_request("**/v1/people/*") as asked:
        submit(page, "Parc")
    ended = httpx.delete(f"{reader.gateway}/v1/session", headers={"Authorization": asked.value.headers["authorization"]})
    assert ended.status_code == 204
    eventually(lambda: page.inner_text("#message").startswith(ENDED), "the page hears that the session has ended")
    submit(page, "Piscine")
    eventually(lambda: lines(page, "sent")[-1:] == ["En attente : Piscine."], "it waits")
    page.reload()
    eventually(lambda: lines(page, "sent")[-1:] == ["Enregistré : Piscine."], "it is sent with the next session")
