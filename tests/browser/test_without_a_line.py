"""Without a connection: what one said to keep can be read, what is typed arrives once, and nobody sees anything of anybody else."""

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.people import Citizen, without_a_line

pytestmark = [pytest.mark.browser]

MATTER = "residence-permit-endorse"
SIGN_OUT = "() => document.querySelector('form[action^=\"/account/sign-out\"]').requestSubmit()"
KEPT = """async () => { const base = await new Promise((yes) => { const asked = indexedDB.open("tongban"); asked.onsuccess = () => yes(asked.result) })
  const names = [...base.objectStoreNames], held = {}
  for (const name of names) held[name] = await new Promise((yes) => { const asked = base.transaction(name).objectStore(name).getAll(); asked.onsuccess = () => yes(asked.result) })
  base.close(); return held }"""


class Owner(Citizen):
    """A citizen with a phone of their own."""

    def ready(self):
        """The second page brings the app; wait until its worker answers for this page.

        Whoever signed out just now has a browser that may still be clearing what it kept, a worker begun meanwhile among it.
        """
        for turn in range(3):
            self.go("/accessibility/").go("/privacy/")
            try:
                self.page.wait_for_function("() => navigator.serviceWorker.controller !== null", timeout=30_000)
                break
            except PlaywrightTimeout:
                if turn == 2:
                    raise
        return self

    def keeps_things_here(self):
        self.go("/my/device/")
        self.page.locator("[data-keep]").click()
        self.page.wait_for_selector("[data-forget]:visible")
        return self

    def without_last_words(self):
        """As if the phone went off: the browser's emulation lets a closing page's last request through."""
        self.context.add_init_script("Object.defineProperty(document, 'hidden', { get: () => false })")
        return self

    def kept(self) -> dict:
        """How many things of each kind are on this device."""
        return {name: len(rows) for name, rows in self.page.evaluate(KEPT).items()}

    def told(self, about: str) -> str:
        return self.page.locator(f".tb-strip[data-about='{about}']").inner_text()

    def revision(self) -> int:
        return int(self.page.input_value("[name=revision]"))


@pytest.fixture
def wang(house, chromium):
    with Owner(chromium, house.home, language="en") as owner:
        owner.ready().sign_in("wang-anhui")
        yield owner
    assert [said for said in owner.troubles if "503" not in said] == []


def test_licences_and_drafts_can_be_read_without_a_line(wang):
    wang.begin(MATTER)
    ref = wang.ref
    wang.keeps_things_here()
    wang.go("/matters/residence-permit-endorse/")

    with without_a_line(wang):
        wang.go("/my/licences/")
        assert "No connection" in wang.told("offline")
        wang.page.locator(".tb-licence a").first.click()
        wang.page.wait_for_url("**/my/licences/*/")
        wang.page.wait_for_selector("[data-kept-face] .tb-code svg")  # the signed code to be scanned, with its age
        assert "0 h" in wang.page.inner_text("[data-kept-at]")
        assert not wang.page.locator(".tb-wallet-acts").is_visible()  # what needs a connection
        wang.go("/my/drafts/")
        assert wang.page.locator(f"a[href='/apply/{ref}/']").count() >= 1
        wang.go(f"/apply/{ref}/form/")
        assert wang.page.input_value("[name=name]") != ""
        wang.go("/matters/residence-permit-endorse/")
        assert wang.page.locator("h1").inner_text() != ""
        wang.go("/my/inbox/")
        assert "There is no connection at the moment" in wang.words()
        wang.page.wait_for_selector("[data-kept-here] a[href='/my/licences/']")


def test_a_form_filled_in_without_a_line_arrives_once_even_after_the_tab_was_closed(house, wang):
    wang.without_last_words().begin(MATTER)
    ref, before = wang.ref, wang.revision()
    wang.keeps_things_here()
    with without_a_line(wang):
        wang.go(f"/apply/{ref}/form/")
        wang.page.fill("[name=mobile]", "13800138009")
        wang.page.wait_for_selector("tb-autosave[data-state=offline]")
        wang.page.wait_for_function(
            "() => document.querySelector('tb-autosave').innerText.includes('kept on this device')"
        )
        wang.page.close()
        wang.page = wang.context.new_page()
        wang.listen(wang.page)
        wang.go("/my/drafts/")
        assert wang.kept()["outbox"] == 1

    wang.page.wait_for_selector(".tb-strip[data-about=sent]")
    assert wang.kept()["outbox"] == 0
    with Citizen(wang.context.browser, house.home, language="en") as elsewhere:
        elsewhere.sign_in("wang-anhui")
        elsewhere.go(f"/apply/{ref}/form/")
        assert elsewhere.page.input_value("[name=mobile]") == "13800138009"
        assert int(elsewhere.page.input_value("[name=revision]")) == before + 1


def test_on_a_device_that_is_not_ones_own_a_closed_tab_takes_it_along(house, wang):
    """The negative control: it is the keeping that brought it over."""
    wang.without_last_words().begin(MATTER)
    ref, before = wang.ref, wang.revision()
    with without_a_line(wang):
        wang.page.fill("[name=mobile]", "13800138008")
        wang.page.wait_for_selector("tb-autosave[data-state=offline]")
        assert wang.kept() == {"meta": 0, "outbox": 0, "pages": 0}
        wang.page.close()
    wang.page = wang.context.new_page()
    wang.go(f"/apply/{ref}/form/")

    assert wang.page.input_value("[name=mobile]") != "13800138008"
    assert wang.revision() == before


def test_what_was_changed_elsewhere_meanwhile_is_never_overwritten(house, wang):
    wang.begin(MATTER)
    ref = wang.ref
    wang.keeps_things_here()
    with without_a_line(wang):
        wang.go(f"/apply/{ref}/form/")
        wang.page.fill("[name=mobile]", "13800138007")
        wang.page.wait_for_function(
            "() => document.querySelector('tb-autosave').innerText.includes('kept on this device')"
        )
        with Citizen(wang.context.browser, house.home, language="en") as elsewhere:
            elsewhere.sign_in("wang-anhui")
            elsewhere.go(f"/apply/{ref}/form/")
            elsewhere.page.fill("[name=mobile]", "13900139000")
            elsewhere.saved()
        wang.go("/my/drafts/")

    wang.page.wait_for_selector(".tb-strip[data-about=conflict]")
    wang.page.locator(".tb-strip[data-about=conflict] a").click()
    wang.page.wait_for_selector("tb-autosave[data-state=refused]")
    assert wang.page.input_value("[name=mobile]") == "13800138007"
    wang.continue_()

    assert wang.page.locator(".ds-alert").first.is_visible()  # both are shown, the person chooses
    with Citizen(wang.context.browser, house.home, language="en") as elsewhere:
        elsewhere.sign_in("wang-anhui")
        elsewhere.go(f"/apply/{ref}/form/")
        assert elsewhere.page.input_value("[name=mobile]") == "13900139000"


def test_an_application_signed_without_a_line_is_sent_once_and_by_itself(house, wang):
    wang.begin(MATTER)
    for name, value in (("unchanged", "true"), ("delivery", "e_licence"), ("truth", None)):
        wang.tick(name, value)
    wang.saved()
    wang.continue_()
    wang.documents_done()
    wang.keeps_things_here()
    wang.page.go_back()
    wang.page.wait_for_url("**/check/")
    ref = wang.ref
    wang.show_that_it_is_me()
    sent = house.case(ref)["sent"]

    with without_a_line(wang):
        wang.tick("sign")
        wang.page.locator("main form[action$='/submit'] button[type=submit]").click()
        wang.page.wait_for_selector(".tb-strip[data-about=signed]")
        assert house.case(ref) == {"state": "draft", "sent": sent}
    wang.page.wait_for_selector(".tb-strip[data-about=submitted]")

    assert house.case(ref)["sent"] == sent + 1
    wang.go("/my/")
    wang.page.wait_for_timeout(300)
    assert wang.kept()["outbox"] == 0
    assert house.case(ref)["sent"] == sent + 1


def test_signing_out_leaves_nothing_and_says_first_what_would_be_lost(wang):
    wang.begin(MATTER)
    ref = wang.ref
    wang.keeps_things_here()
    assert wang.kept()["pages"] > 3
    with without_a_line(wang):
        wang.go(f"/apply/{ref}/form/")
        wang.page.fill("[name=mobile]", "13800138006")
        wang.page.wait_for_function(
            "() => document.querySelector('tb-autosave').innerText.includes('kept on this device')"
        )
        wang.page.route("**/save", lambda route: route.abort())
    wang.page.evaluate(SIGN_OUT)
    wang.page.wait_for_selector(".tb-strip[data-about=unsent]")
    assert wang.kept()["outbox"] == 1

    wang.page.locator(".tb-strip[data-about=unsent] button").last.click()
    wang.page.wait_for_url(lambda url: "/apply/" not in url)
    wang.ready()
    assert wang.kept() == {"meta": 0, "outbox": 0, "pages": 0}
    with without_a_line(wang):
        wang.go("/my/licences/")
        assert "There is no connection at the moment" in wang.words()
        assert wang.page.locator("[data-kept-here] a[href^='/my/']").count() == 0


def test_a_second_person_on_the_same_phone_sees_nothing_of_the_first(house, wang):
    wang.begin(MATTER)
    ref = wang.ref
    wang.keeps_things_here()
    # the first one's session ends without a sign-out
    wang.context.clear_cookies(name="session")
    wang.ready()
    assert wang.kept()["pages"] == 0
    wang.sign_in("li-na")
    wang.go("/my/licences/")
    wang.page.wait_for_timeout(300)
    assert wang.kept() == {"meta": 0, "outbox": 0, "pages": 0}

    with without_a_line(wang):
        for path in ("/my/licences/", "/my/drafts/", f"/apply/{ref}/form/", "/my/"):
            wang.go(path)
            assert "There is no connection at the moment" in wang.words()
            assert wang.page.locator("[data-kept-here] li").count() == 0


def test_what_is_kept_is_sealed_and_its_key_cannot_be_taken_out(wang):
    wang.begin(MATTER)
    wang.keeps_things_here()

    plain = wang.page.evaluate(
        """async () => { const base = await new Promise((yes) => { const asked = indexedDB.open("tongban"); asked.onsuccess = () => yes(asked.result) })
        const rows = await new Promise((yes) => { const asked = base.transaction("pages").objectStore("pages").getAll(); asked.onsuccess = () => yes(asked.result) })
        const owner = await new Promise((yes) => { const asked = base.transaction("meta").objectStore("meta").get("owner"); asked.onsuccess = () => yes(asked.result) })
        const out = await crypto.subtle.exportKey("raw", owner.key).then(() => "taken out", () => "refused")
        return { out, words: rows.map((row) => new TextDecoder("latin1").decode(row.sealed)).filter((text) => text.includes("<html")).length, rows: rows.length } }"""
    )
    caches = wang.page.evaluate(
        "async () => { const found = []; for (const name of await caches.keys()) for (const one of await (await caches.open(name)).keys()) found.push(new URL(one.url).pathname); return found }"
    )

    assert plain["out"] == "refused" and plain["words"] == 0 and plain["rows"] > 3
    assert [path for path in caches if path.startswith(("/my/", "/apply/", "/account/"))] == []


def test_the_first_visit_brings_five_things_and_no_worker(house, chromium):
    with Owner(chromium, house.home) as stranger:
        asked = []
        stranger.page.on("request", lambda request: asked.append(request.url))
        stranger.go("/")
        stranger.page.wait_for_timeout(600)

        assert len(asked) <= 5
        assert stranger.page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
        assert stranger.page.request.get(house.home + "/app.webmanifest").json()["icons"][2]["purpose"] == "maskable"
        assert stranger.troubles == []
