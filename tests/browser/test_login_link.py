"""The page of a login link, with and without JavaScript: one button enters."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from services.gateway.login_links import LoginLinks, address_of
from shared.message import Actor
from shared.time import now
from shared.trust.access import Identity
from tests.browser.conftest import HOST
from tests.harness.accounts import granted
from tests.harness.world import LOCAL, World


def opened(browser: Browser, world: World, *, scripts: bool) -> tuple[Page, list[str]]:
    """A browser before the world, and the addresses that it asks for."""
    page = browser.new_context(java_script_enabled=scripts, base_url=HOST).new_page()
    asked: list[str] = []

    def answer(route: Route) -> None:
        request = route.request
        path = request.url.removeprefix(HOST)
        asked.append(path)
        headers = {"Accept": "text/html", "Origin": HOST, "Cookie": request.all_headers().get("cookie", "")}
        form = "application/x-www-form-urlencoded"
        given: dict[str, Any] = {"data": request.post_data_buffer, "content_type": form, "headers": headers, **LOCAL}
        found = world.client.open(path, method=request.method, **given)
        route.fulfill(status=found.status_code, headers=dict(found.headers), body=found.data)

    page.route("**/*", answer)
    return page, asked


@pytest.mark.parametrize("scripts", [True, False])
def test_one_button_enters(browser: Browser, world: World, scripts: bool) -> None:
    links = LoginLinks(world.components.settings.key(), now)
    identity = Identity(Actor("admin-1", "coordinator"), ("*",))
    secret = links.issue(world.components.gateway_records, identity, granted(world, identity), timedelta(hours=1))
    page, asked = opened(browser, world, scripts=scripts)
    page.goto(address_of(HOST, secret))
    if scripts:
        assert page.url == f"{HOST}/lien", "the secret stays in no history"
    else:
        page.get_by_label("Code du lien").fill(secret)
    page.get_by_role("button", name="Ouvrir la session").click()
    page.get_by_text("admin-1, coordination").wait_for()
    assert [path for path in asked if secret in path] == []
    page.close()
