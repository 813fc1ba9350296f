"""Passkeys in a real browser, and the pages of the account without script and on a telephone."""

import pytest
from django.core.cache import cache

from tongban.parties import services

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "creek-of-eighteen-bends"


@pytest.fixture(autouse=True)
def nobody_tried_before(transactional_db):
    cache.clear()


def opened(chromium, **more):
    context = chromium.new_context(reduced_motion="reduce", **more)
    context.set_default_timeout(60_000)
    return context


def sign_in(page, server, login="li-na"):
    page.goto(f"{server.url}/account/sign-in/?next=/account/security/")
    page.fill("#id_login", login)
    page.fill("#id_password", PASSWORD)
    page.click("form:has(#id_password) button[data-variant=primary]")


def with_fingerprint(context, page):
    """A telephone's own authenticator that always recognises its owner."""
    wires = context.new_cdp_session(page)
    wires.send("WebAuthn.enable")
    wires.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def test_a_passkey_is_added_and_opens_the_account_even_while_strangers_keep_it_waiting(live_server, chromium, client):
    services.register("li-na", PASSWORD)
    context = opened(chromium)
    page = context.new_page()
    complaints = []
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    with_fingerprint(context, page)
    sign_in(page, live_server)
    page.click("text=/Add a passkey|添加通行密钥/")
    page.fill("#id_password", PASSWORD)
    page.click("form:has(#id_password) button[data-variant=primary]")

    page.click("form[data-passkey=add] button[data-variant=primary]")
    page.wait_for_url("**/recovery-codes/")
    context.clear_cookies()
    for _try in range(6):
        client.post("/account/sign-in/", {"login": "li-na", "password": "wrong"})
    page.goto(f"{live_server.url}/account/sign-in/")
    page.click("[data-passkey=sign-in] button")
    page.wait_for_url("**/my/")

    assert complaints == []
    context.close()


def test_the_way_from_sign_up_to_the_own_space_needs_no_script(live_server, chromium):
    context = opened(chromium, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/account/sign-up/")
    for field, said in (("username", "newcomer"), ("password1", PASSWORD), ("password2", PASSWORD)):
        page.fill(f"#id_{field}", said)
    page.click("form:has(#id_username) button[data-variant=primary]")
    page.click("main a[href*='kind=id_card']")
    page.click("a[href*='invent=1']")
    page.click("form:has(#id_id_no) button[data-variant=primary]")

    page.wait_for_url("**/my/")
    assert page.locator("h1").count() == 1
    context.close()


@pytest.mark.parametrize(("width", "language"), [(390, "zh-hans"), (390, "en"), (1280, "en")])
def test_nothing_of_the_account_runs_out_of_the_screen(live_server, chromium, width, language):
    services.register("li-na", PASSWORD)
    context = opened(chromium, viewport={"width": width, "height": 844})
    context.add_cookies([{"name": "language", "value": language, "url": live_server.url}])
    page = context.new_page()
    sign_in(page, live_server)
    too_wide = {}
    for path in ("", "security/", "reads/", "identity/", "identity/?kind=passport", "password/", "email/"):
        page.goto(f"{live_server.url}/account/{path}")
        width_needed = page.evaluate("document.documentElement.scrollWidth")
        if width_needed > width:
            too_wide[path] = width_needed

    assert too_wide == {}
    context.close()
