"""A draft carried to a second device: a code, a number compared, one draft and nothing else; and what somebody else tries with it."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests import make
from tests.cases import bundle_ways as shop
from tests.doors import enter
from tests.portal.test_applying import picture
from tongban.cases import events, services, told
from tongban.cases.models import CarriedDraft, Case
from tongban.cases.services import carrying
from tongban.channels.doorkeeper import CARRIED
from tongban.channels.pages import parts
from tongban.journal.models import Event, ReadEntry
from tongban.lib.formschema import Form
from tongban.lib.problems import Invalid, NotAllowed
from tongban.parties.models import Account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

NUMBER, PHONE = "990000199207080045", "13800005678"
FORM = [
    {"id": "reason", "zh": "原因", "en": "Reason", "type": "text", "required": True},
    {"id": "id_no", "zh": "证件号码", "en": "Identity number", "type": "id_number", "prefill": "user.id_no"},
    {"id": "mobile", "zh": "手机号", "en": "Phone", "type": "phone"},
]
IPHONE = {"HTTP_USER_AGENT": "Mozilla/5.0 (iPhone) Safari/604.1", "HTTP_ACCEPT_LANGUAGE": "en"}


@pytest.fixture
def account():
    return make.account(make.person("张示范", id_no=NUMBER))


@pytest.fixture
def case(account):
    make.material_type("lease")
    matter = make.matter(form=FORM, requirements=[{"material": "lease", "required": False, "exempt": "none"}])
    return services.begin(matter, party=account.person, account=account)


@pytest.fixture
def here(client, account):
    """The device where the draft was begun."""
    return enter(client, account, present=True)


def shown_code(here, case):
    here.post(f"/apply/{case.ref}/device/code")
    page = here.get(f"/apply/{case.ref}/device/").content.decode()
    found = re.search(r'class="tb-big"[^>]*>(\w{4}) (\w{4})<', page)
    assert found and "Scan this with the other device" in page
    return "".join(found.groups())


def bring(code, **more):
    there = Client(**(IPHONE | more))
    return there, there.post("/go-on/", {"code": code})


def number_on(there):
    return re.search(r'tb-compare"[^>]*>(\d{4})<', there.get("/go-on/wait/").content.decode()).group(1)


def let_in(here, case):
    there, _answer = bring(shown_code(here, case))
    row = CarriedDraft.objects.get(case=case, state="scanned")
    here.post(f"/apply/{case.ref}/device/{row.pk}/confirm", {"number": number_on(there)})
    row.refresh_from_db()
    return there, row


# -- the way it goes


def test_scanned_compared_and_let_in_the_phone_works_in_this_draft_and_both_see_it(here, case, account):
    there, answer = bring(shown_code(here, case))
    assert answer.headers["Location"] == "/go-on/wait/"
    waiting = there.get("/go-on/wait/").content.decode()
    assert "张*范" in waiting and "张示范" not in waiting and NUMBER not in waiting
    assert there.get("/go-on/form/").headers["Location"] == "/go-on/"  # not before the number was typed
    row = CarriedDraft.objects.get()
    assert "Safari, iPhone" in here.get(f"/apply/{case.ref}/device/").content.decode()

    here.post(f"/apply/{case.ref}/device/{row.pk}/confirm", {"number": f" {number_on(there)} "})

    assert "You are in" in there.get("/go-on/wait/").content.decode()
    page = there.get("/go-on/form/").content.decode()
    revision = re.search(r'name="revision" value="(\d+)"', page).group(1)
    assert NUMBER not in page and "Covered on this device" in page
    answer = there.post("/go-on/form/", {"reason": "we move", "mobile": PHONE, "revision": revision, "tab": "x"})
    assert answer.headers["Location"] == "/go-on/materials/"
    case.refresh_from_db()
    assert (case.value("reason"), case.value("mobile"), case.value("id_no")) == ("we move", PHONE, NUMBER)
    assert "Your other device works in it" in here.get(f"/apply/{case.ref}/form/").content.decode()
    assert "Safari, iPhone" in here.get("/account/security/").content.decode()
    assert ReadEntry.objects.filter(purpose="own application, second device", of_party=account.person_id).exists()
    assert Event.objects.filter(kind="DraftCarried", subject=case.subject).count() == 1


def test_what_was_filled_in_there_a_moment_ago_can_be_put_right_there(here, case):
    there, _row = let_in(here, case)
    for said in ("1380000", PHONE):
        revision = Case.objects.get(pk=case.pk).revision
        there.post("/go-on/save", {"reason": "x", "mobile": said, "revision": revision, "tab": "x"})

    case.refresh_from_db()
    assert case.value("mobile") == PHONE


def test_a_photograph_comes_from_the_phone(here, case):
    there, _row = let_in(here, case)

    answer = there.post("/go-on/materials/lease", {"file": picture()})

    material = case.materials.get(type__slug="lease")
    assert answer.status_code == 302 and material.how == "upload"
    assert "1 page is kept" in there.get("/go-on/materials/").content.decode()


def test_it_reaches_nothing_but_the_draft_and_sends_nothing(here, case):
    there, _row = let_in(here, case)
    elsewhere = make.draft(account_=case.account, party=case.applicant)

    for address in ("/my/", "/my/cases/", f"/apply/{case.ref}/check/", f"/apply/{elsewhere.ref}/form/", "/account/"):
        assert there.get(address).headers["Location"].startswith("/account/sign-in/")
    sent = there.post(f"/apply/{case.ref}/submit", {"sign": "1", "key": "k"})
    assert sent.headers["Location"].startswith("/account/sign-in/")
    assert there.post("/go-on/materials/lease", {"commit": "1"}).status_code == 403
    case.refresh_from_db()
    assert case.state == "draft"


# -- the end of it


@pytest.mark.parametrize(
    "how", ["cut off", "finished there", "sent", "idle", "too long", "another code", "security page"]
)
def test_it_is_over_from_the_next_click_on(here, case, account, how):
    there, row = let_in(here, case)
    now = timezone.now()
    if how == "cut off":
        here.post(f"/apply/{case.ref}/device/{row.pk}/end")
    elif how == "finished there":
        there.post("/go-on/leave")
    elif how == "sent":
        services.save(case, {"reason": "x", "mobile": PHONE}, revision=case.revision, account=account)
        services.submit(Case.objects.get(pk=case.pk), account=account, level=3, key="one")
    elif how == "idle":
        CarriedDraft.objects.filter(pk=row.pk).update(seen_at=now - carrying.IDLE)
    elif how == "too long":
        CarriedDraft.objects.filter(pk=row.pk).update(until=now)
    elif how == "another code":
        here.post(f"/apply/{case.ref}/device/code")
    else:
        here.post(f"/my/carried/{row.pk}/end")

    assert there.get("/go-on/form/").headers["Location"] == "/go-on/?over=1"
    assert there.post("/go-on/save", {"reason": "late"}, headers={"x-autosave": "1"}).status_code == 403
    case.refresh_from_db()
    assert case.value("reason") != "late"


def test_the_control_without_an_end_it_goes_on(here, case):
    there, _row = let_in(here, case)

    assert there.get("/go-on/form/").status_code == 200


def test_a_draft_given_back_later_does_not_open_again_for_the_old_device(here, case, account):
    there, row = let_in(here, case)
    services.save(case, {"reason": "x", "mobile": PHONE}, revision=case.revision, account=account)
    sent = services.submit(Case.objects.get(pk=case.pk), account=account, level=3, key="one")
    Case.objects.filter(pk=sent.pk).update(state="correction_requested")

    assert there.get("/go-on/form/").headers["Location"] == "/go-on/?over=1"


@pytest.mark.parametrize("what", ["account", "power"])
def test_whoever_may_not_any_more_has_no_second_device_either(here, case, account, what, monkeypatch):
    there, _row = let_in(here, case)
    if what == "account":
        Account.objects.filter(pk=account.pk).update(is_active=False)
    else:
        monkeypatch.setattr(carrying.standing, "power_over", lambda *args, **kwargs: None)

    assert there.get("/go-on/form/").headers["Location"] == "/go-on/?over=1"


# -- what somebody else tries


def test_somebody_who_photographed_the_screen_does_not_know_what_the_persons_phone_shows(here, case):
    """Shoulder surfing: the thief was faster. The person's own phone is refused, and the two devices are both sent away."""
    code = shown_code(here, case)
    thief, _answer = bring(code)
    own, refused = bring(code)

    assert refused.status_code == 422
    assert thief.get("/go-on/form/").headers["Location"] == "/go-on/?over=1"
    assert CarriedDraft.objects.get().state == "ended"
    assert "The code was used twice, so nobody was let in." in here.get(f"/apply/{case.ref}/device/").content.decode()
    assert own.get("/go-on/form/").headers["Location"] == "/go-on/?over=1"


def test_numbers_are_not_guessed(here, case):
    there, _answer = bring(shown_code(here, case))
    row = CarriedDraft.objects.get()
    wrong = f"{(int(row.number) + 1) % 10_000:04d}"

    answers = [here.post(f"/apply/{case.ref}/device/{row.pk}/confirm", {"number": wrong}) for _try in range(3)]
    after = here.post(f"/apply/{case.ref}/device/{row.pk}/confirm", {"number": row.number})

    assert [one.status_code for one in answers] == [422, 422, 422]
    assert "wrong three times" in answers[-1].content.decode() and after.status_code >= 400
    row.refresh_from_db()
    assert (row.state, row.why) == ("ended", "number") and there.get("/go-on/form/").status_code == 302


def test_only_the_device_that_showed_the_code_lets_another_in(here, case, account):
    """A second session of the same account, say one that was stolen, does not approve what the first began."""
    there, _answer = bring(shown_code(here, case))
    row = CarriedDraft.objects.get()
    other_session = enter(Client(HTTP_ACCEPT_LANGUAGE="en"), account)

    answer = other_session.post(f"/apply/{case.ref}/device/{row.pk}/confirm", {"number": number_on(there)})

    row.refresh_from_db()
    assert answer.status_code == 403 and row.state == "scanned"


def test_a_code_sent_to_a_victim_shows_a_stranger_name_and_gives_nothing_of_the_victim(case):
    """Relay: the code is the attacker's own. The victim is told whose application it is, and is signed in nowhere by it."""
    attacker = make.account(make.person("王演练"), login="attacker")
    draft = services.begin(case.matter, party=attacker.person, account=attacker)
    _row, code = carrying.offer(draft, account=attacker, session="attackers own")
    victim = enter(Client(**IPHONE), case.account)

    asked = victim.get("/go-on/")
    victim.post("/go-on/", {"code": code})
    told = victim.get("/go-on/wait/").content.decode()

    assert CARRIED not in asked.cookies and "Somebody sent you this code" in asked.content.decode()
    assert "王*练" in told and "what you type would go to somebody else" in told
    assert not CarriedDraft.objects.filter(account=case.account).exists()


def test_a_code_holds_ten_minutes_and_a_number_as_long(case, account):
    row, code = carrying.offer(case, account=account, session="s")
    with pytest.raises(Invalid):
        carrying.scan(code, device="", now=timezone.now() + carrying.CODE_LASTS + timedelta(seconds=1))
    row, token = carrying.scan(code, device="")

    later = timezone.now() + carrying.CODE_LASTS + timedelta(seconds=1)
    assert carrying.waiting_or_at_work(token, now=later) is None
    with pytest.raises(NotAllowed) as late:
        carrying.let_in(row, number=row.number, account=account, session="s", now=later)
    assert late.value.code == "nobody-waits"


def test_neither_code_nor_secret_lies_in_the_database_nor_in_the_address(here, case):
    code = shown_code(here, case)
    page = here.get(f"/apply/{case.ref}/device/").content.decode()
    there, answer = bring(code)
    token = answer.cookies[CARRIED]
    row = CarriedDraft.objects.values().get()

    assert "?code=" not in page and code not in str(row) and token.value not in str(row)
    assert token["httponly"] and token["samesite"] == "Lax"


def test_the_cookie_opens_nothing_once_it_is_over(here, case):
    there, row = let_in(here, case)
    kept = there.cookies[CARRIED].value
    there.post("/go-on/leave")

    again = Client(**IPHONE)
    again.cookies[CARRIED] = kept

    assert again.get("/go-on/form/").headers["Location"] == "/go-on/?over=1"


def test_a_helper_does_not_carry_the_draft_further(case, account):
    helper = make.account(login="helper")
    _hand, code = services.invite(case, account=account)
    services.take(code, actor=carrying.applying(helper, case), account=helper)

    with pytest.raises(NotAllowed):
        carrying.offer(case, account=helper, session="s")


# -- what it never sees, whenever it was written


def test_a_number_typed_where_it_began_while_the_device_is_at_work_stays_covered_there(here, case, account):
    there, _row = let_in(here, case)

    services.save(case, {"mobile": PHONE}, revision=case.revision, account=account)

    page = there.get("/go-on/form/").content.decode() + there.get("/go-on/check/").content.decode()
    assert PHONE not in page and "Covered on this device" in page
    revision = Case.objects.get(pk=case.pk).revision
    there.post("/go-on/form/", {"reason": "x", "mobile": "13900000000", "revision": revision, "tab": "x"})
    case.refresh_from_db()
    assert case.value("mobile") == PHONE


def test_what_it_typed_itself_it_sees_until_it_is_changed_where_it_began(here, case, account):
    there, _row = let_in(here, case)
    there.post("/go-on/save", {"mobile": PHONE, "revision": case.revision, "tab": "x"})
    own = there.get("/go-on/form/").content.decode()
    case.refresh_from_db()

    services.save(case, {"mobile": "13900000001"}, revision=case.revision, account=account)

    assert PHONE in own
    assert "13900000001" not in there.get("/go-on/form/").content.decode()


def test_what_a_situation_chosen_there_brings_from_the_record_stays_covered(client, account):
    from_the_record = {**FORM[1], "id": "owner_no"}
    matter = shop.bundle(of={"sign": {"form": [*shop.COMMON, from_the_record]}})
    case = services.begin(matter, party=account.person, account=account, situation=[])
    here = enter(client, account, present=True)
    there, _row = let_in(here, case)

    services.choose_situation(case, ["sign"], account=account)  # as the device does with its page

    page = there.get("/go-on/form/").content.decode()
    case.refresh_from_db()
    assert case.value("owner_no") == NUMBER
    assert NUMBER not in page and "Covered on this device" in page


# -- the elderly edition goes along


PARTS = [
    {"id": "id_no", "zh": "证件号码", "en": "Identity number", "type": "id_number", "prefill": "user.id_no"},
    {"id": "old_address", "zh": "原住址", "en": "Where do you live now?", "type": "address", "required": True},
    {"id": "new_address", "zh": "新住址", "en": "Where do you move to?", "type": "address", "required": True},
]


@pytest.fixture
def in_parts(account):
    account.edition = "elderly"
    account.save()
    return services.begin(make.matter("parts", form=PARTS), party=account.person, account=account)


def test_for_somebody_with_the_elderly_edition_the_second_device_asks_one_thing_on_a_page(here, in_parts):
    there, _row = let_in(here, in_parts)
    waiting = there.get("/go-on/wait/")

    first = there.get("/go-on/form/").content.decode()
    revision = re.search(r'name="revision" value="(\d+)"', first).group(1)
    number = re.search(r'name="part" value="(\d+)"', first).group(1)
    empty = there.post("/go-on/form/", {"part": number, "revision": revision, "tab": "x", "old_address": ""})
    right = there.post("/go-on/form/", {"part": number, "revision": revision, "tab": "x", "old_address": "Old Road 1"})
    second = there.get(right.headers["Location"]).content.decode()

    assert 'data-edition="elderly"' in waiting.content.decode() and 'data-edition="elderly"' in first
    assert "Where do you live now?" in first and "Where do you move to?" not in first
    assert "Page 1 of 2" in first and NUMBER not in first  # what is covered is no page of its own
    assert empty.status_code == 422
    assert "Where do you move to?" in second and "Page 2 of 2" in second
    number = re.search(r'name="part" value="(\d+)"', second).group(1)
    back = there.post(
        "/go-on/form/", {"part": number, "revision": revision, "tab": "x", "new_address": "", "back": "1"}
    )
    assert "Where do you live now?" in there.get(back.headers["Location"]).content.decode()
    done = there.post("/go-on/form/", {"part": number, "revision": revision, "tab": "x", "new_address": "New Road 2"})
    assert done.headers["Location"] == "/go-on/materials/"
    in_parts.refresh_from_db()
    assert (in_parts.value("old_address"), in_parts.value("new_address")) == ("Old Road 1", "New Road 2")


def test_what_is_missing_leads_to_the_page_that_asks_it_on_either_device(here, in_parts):
    there, _row = let_in(here, in_parts)
    there.get("/go-on/wait/")
    here.cookies["edition"] = "elderly"
    begun = f"/apply/{in_parts.ref}"

    for device, check, form in ((there, "/go-on/check/", "/go-on/form/"), (here, f"{begun}/check/", f"{begun}/form/")):
        assert f'href="{form}?judge=1&amp;field=new_address#id_new_address"' in device.get(check).content.decode()
        page = device.get(f"{form}?judge=1&field=new_address").content.decode()
        assert "Where do you move to?" in page and "Where do you live now?" not in page


def test_who_chose_another_edition_on_the_second_device_keeps_it(here, in_parts):
    there, _row = let_in(here, in_parts)
    there.cookies["edition"] = "standard"

    there.get("/go-on/wait/")

    assert 'data-edition="standard"' in there.get("/go-on/form/").content.decode()


def test_where_everything_is_covered_there_is_one_page_without_questions():
    form = Form.from_demo(PARTS[:1])

    assert list(parts.chosen(form, {}, "", left=["id_no"])) == []


# -- and whoever let it in is told


def test_whoever_let_it_in_hears_of_it(here, case, account):
    _there, row = let_in(here, case)

    told.tell_that_a_device_was_let_in(events.DraftCarried(case=case.pk, carried=row.pk))

    message = account.messages.get(kind="device_let_in")
    assert "Safari, iPhone" in message.body["en"] and "Demo matter" in message.body["en"]
    assert message.link == f"/apply/{case.ref}/device/"


def test_of_a_draft_deleted_meanwhile_nothing_is_told(account):
    told.tell_that_a_device_was_let_in(events.DraftCarried(case=1, carried=1))

    assert not account.messages.exists()
