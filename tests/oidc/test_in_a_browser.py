"""The same in a real browser, which keeps cookies from requests that begin elsewhere and forms from leading there."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.oidc.conftest import Installation, auditor, coach

SHAPES = {"desktop": {"width": 1200, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(params=SHAPES)
def page(browser: Browser, installation: Installation, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport=SHAPES[request.param], base_url=installation.site, java_script_enabled=request.param != "phone")  # type: ignore[arg-type]  # a dict of its keys
    yield context.new_page()
    context.close()


def through_the_issuer(page: Page, name: str) -> None:
    page.get_by_role("link", name="Se connecter").click()
    page.locator("input[name=login]").fill(name)
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.locator("button[type=submit]").click()  # the consent


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_somebody_logs_in_where_they_were_going_and_leaves(page: Page, installation: Installation) -> None:
    installation.account("nadia", coach("nadia"))
    page.goto("/saisie")
    assert page.url == f"{installation.site}/connexion?suite=/saisie"
    assert fits(page)
    through_the_issuer(page, "nadia")
    page.wait_for_url(f"{installation.site}/saisie")
    assert page.get_by_text("nadia, coach").is_visible()
    page.get_by_role("button", name="Quitter").click()
    page.wait_for_url(f"{installation.site}/deconnexion")
    assert page.get_by_role("heading", name="Votre session est close").is_visible()
    assert fits(page)
    page.get_by_role("link", name="Quitter aussi le fournisseur d’identité").click()
    page.wait_for_url(f"{installation.issuer.url}/session/end*")


def test_somebody_with_several_grants_chooses_and_enters(page: Page, installation: Installation) -> None:
    installation.account("lea", coach("lea"), auditor("lea"))
    page.goto("/connexion")
    through_the_issuer(page, "lea")
    page.get_by_role("heading", name="Comme quoi entrez-vous ?").wait_for()
    assert fits(page)
    page.get_by_role("button", name="Audit").click()
    page.get_by_text("lea, audit").wait_for()
    assert page.url == f"{installation.site}/"


def test_who_has_no_account_reads_what_to_do(page: Page) -> None:
    page.goto("/connexion")
    through_the_issuer(page, "nobody-here")
    page.get_by_role("heading", name="Vous n’avez pas d’accès ici").wait_for()
    assert fits(page)
    page.get_by_role("link", name="Entrer sous une autre identité").click()
    assert page.get_by_role("link", name="Quitter aussi le fournisseur d’identité").is_visible()
