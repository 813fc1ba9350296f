"""Signing in and out, the second step, sessions, recovery, proving who one is: through the real pages."""

import json
import re
import time
from datetime import timedelta
from unittest import mock

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests import doors, make
from tongban.channels.portal import sign_in
from tongban.journal.models import ReadEntry
from tongban.journal.services import work_once
from tongban.parties import services
from tongban.parties.models import Account, Membership, Person

pytestmark = pytest.mark.django_db

PASSWORD = "creek-of-eighteen-bends"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SIGN_IN = "/account/sign-in/"


@pytest.fixture(autouse=True)
def nobody_tried_before():
    cache.clear()


@pytest.fixture
def english(settings):
    settings.LANGUAGE_CODE = "en"


def browser(**more) -> Client:
    client = Client(**more)
    client.cookies["language"] = "en"
    return client


def account(login="li-na", **more) -> Account:
    return services.register(login, PASSWORD, **more)


def proved(login="li-na") -> Account:
    opened = account(login)
    services.prove(opened, id_kind="id-card", id_no="990000199207080045", name="李示例", mobile="13900001234")
    return Account.objects.get(pk=opened.pk)


def staff(login="officer", **more):
    person_account = account(login)
    officer = make.officer("window_officer")
    Account.objects.filter(pk=officer.account_id)
    officer.account = person_account
    officer.save()
    return officer


def try_in(client, login="li-na", password=PASSWORD, **more):
    return client.post(SIGN_IN, {"login": login, "password": password, **more})


def is_in(client) -> bool:
    return client.get("/account/").status_code == 200


def code(secret=SECRET, ahead=0) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + ahead))


# -- in and out


def test_the_right_password_leads_to_ones_space_and_sign_out_leads_out():
    account()
    client = browser()

    assert try_in(client)["Location"] == "/my/"
    assert is_in(client)
    client.post("/account/sign-out/")

    assert not is_in(client)


def test_names_are_understood_whatever_their_case_and_width():
    account("li-na")

    assert try_in(browser(), login="  Ｌi-NA ").status_code == 302


def test_where_one_wanted_to_go_is_kept_and_foreign_addresses_are_not_followed():
    account()

    assert try_in(browser(), next="/my/cases/")["Location"] == "/my/cases/"
    assert try_in(browser(), next="https://elsewhere.example/")["Location"] == "/my/"
    assert try_in(browser(), next="//elsewhere.example/")["Location"] == "/my/"


def test_a_session_gets_a_new_key_at_sign_in_and_the_old_one_opens_nothing():
    account()
    client = browser()
    client.get(SIGN_IN)
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies["session"] = planted = session.session_key

    try_in(client)

    assert client.cookies["session"].value != planted
    other = browser()
    other.cookies["session"] = planted
    assert not is_in(other)


def test_known_and_unknown_names_get_the_same_answer():
    account("li-na")
    known, unknown = try_in(browser(), "li-na", "wrong-wrong-wrong"), try_in(browser(), "li-no", "wrong-wrong-wrong")

    assert known.status_code == unknown.status_code == 200
    assert _without_what_changes(known, "li-na") == _without_what_changes(unknown, "li-no")


def test_known_and_unknown_names_cost_the_same_work():
    """Counted, not timed: one hash, one look for the account by the limits and one by the sign-in, for either."""
    account("li-na")
    counted = {}
    for login in ("li-na", "li-no"):
        with (
            mock.patch(
                "django.contrib.auth.hashers.Argon2PasswordHasher.verify", side_effect=lambda *a: False
            ) as verify,
            mock.patch("django.contrib.auth.hashers.Argon2PasswordHasher.encode", return_value="argon2$x") as encode,
        ):
            try_in(browser(), login, "wrong-wrong-wrong")
            counted[login] = verify.call_count + encode.call_count

    assert counted == {"li-na": 1, "li-no": 1}


def _without_what_changes(response, login):
    page = response.content.decode().replace(login, "NAME")
    return re.sub(r'(nonce=|name="csrfmiddlewaretoken" value=)"[^"]*"', "", page)


def test_a_closed_account_gets_the_answer_of_a_wrong_password():
    closed = account()
    Account.objects.filter(pk=closed.pk).update(is_active=False)

    assert "do not fit together" in try_in(browser()).content.decode()


# -- limits


def test_five_hundred_people_behind_one_address_all_get_in(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # 500 right ones, not 500 slow ones
    pattern = account("pattern")
    Account.objects.bulk_create(Account(login=f"visitor-{number}", password=pattern.password) for number in range(500))

    entered = sum(
        try_in(browser(REMOTE_ADDR="10.1.2.3"), f"visitor-{number}").status_code == 302 for number in range(500)
    )

    assert entered == 500


def test_the_sixth_wrong_try_waits_softly_and_other_people_of_that_address_do_not():
    account("victim")
    account("neighbour")
    for _try in range(5):
        assert "do not fit together" in try_in(browser(), "victim", "wrong").content.decode()

    sixth = try_in(browser(), "victim", PASSWORD)

    assert sixth.status_code == 200
    assert "please wait" in sixth.content.decode()
    assert try_in(browser(), "neighbour").status_code == 302


def test_control_without_the_limit_the_sixth_try_is_looked_at():
    account("victim")
    with mock.patch.object(sign_in.Tries, "take", return_value=0):
        for _try in range(5):
            try_in(browser(), "victim", "wrong")

        assert try_in(browser(), "victim", PASSWORD).status_code == 302


def test_waiting_ends_by_itself():
    account("victim")
    for _try in range(5):
        try_in(browser(), "victim", "wrong")

    with time_machine.travel(timezone.now() + timedelta(seconds=290)):
        assert try_in(browser(), "victim").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(seconds=310)):
        assert try_in(browser(), "victim").status_code == 302


def test_a_known_device_enters_while_strangers_keep_the_account_waiting():
    victim = account("victim")
    home = browser()
    try_in(home, "victim")
    home.post("/account/sign-out/")
    for _try in range(8):
        try_in(browser(), "victim", "wrong")

    assert try_in(browser(), "victim").status_code == 200
    assert try_in(home, "victim").status_code == 302

    victim.set_password("another-good-pass-phrase")
    victim.save()
    home.post("/account/sign-out/")
    assert "please wait" in try_in(home, "victim", "another-good-pass-phrase").content.decode()


def test_a_forged_device_cookie_is_a_stranger():
    victim = account("victim")
    for _try in range(5):
        try_in(browser(), "victim", "wrong")
    forged = browser()
    forged.cookies[sign_in.COOKIE] = json.dumps({"d": "x", "a": [sign_in._mark(victim)]})

    assert try_in(forged, "victim").status_code == 200


def test_wrong_tries_at_a_name_nobody_has_wait_just_the_same():
    for _try in range(5):
        try_in(browser(), "nobody", "wrong")

    assert "please wait" in try_in(browser(), "nobody", "wrong").content.decode()


def test_right_passwords_in_between_wash_nothing_clean():
    account("victim")
    home = browser()
    for _try in range(4):
        try_in(browser(), "victim", "wrong")
    assert try_in(home, "victim").status_code == 302

    try_in(browser(), "victim", "wrong")
    assert "please wait" in try_in(browser(), "victim", "wrong").content.decode()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_tries_at_once_are_no_way_around_the_limit():
    from tests.parties.test_services import hands

    account("victim")
    cache.clear()

    class Asked:
        COOKIES: dict = {}

    taken = hands(20, lambda number: sign_in.Tries(Asked, "victim").take())

    assert sum(wait == 0 for wait in taken) == 5


# -- second factor


def test_an_officer_passes_the_second_step_and_only_then_is_in():
    officer = staff()
    services.give_demonstration_second_factor(officer.account, SECRET)
    client = browser()

    first = try_in(client, "officer")

    assert first["Location"] == "/account/sign-in/second-step/"
    assert not is_in(client)
    wrong = client.post(first["Location"], {"code": "000000"})
    assert wrong.status_code == 200 and not is_in(client)
    right = client.post(first["Location"], {"code": code()})
    assert right["Location"] == "/office/"
    assert is_in(client)


def test_an_officer_without_a_second_factor_is_led_to_set_one_up_before_any_office_page():
    staff()
    client = browser()
    try_in(client, "officer")

    led = client.get("/office/")
    page = client.get(led["Location"]).content.decode()

    assert led["Location"] == "/account/second-factor/?next=%2Foffice%2F"
    assert "/account/security/app/" in page and "/account/security/passkey/" in page


def test_a_code_works_once():
    officer = staff()
    services.give_demonstration_second_factor(officer.account, SECRET)
    used = code()
    for status in (302, 200):
        client = browser()
        try_in(client, "officer")
        assert client.post("/account/sign-in/second-step/", {"code": used}).status_code == status


def test_a_used_code_stays_used_for_as_long_as_clocks_would_take_it():
    services.give_demonstration_second_factor(staff().account, SECRET)
    used = code(ahead=1)
    for seconds, status in ((0, 302), (31, 200), (45, 200)):
        with time_machine.travel(timezone.now() + timedelta(seconds=seconds)):
            client = browser()
            try_in(client, "officer")
            assert client.post("/account/sign-in/second-step/", {"code": used}).status_code == status


def test_the_demonstration_shows_a_code_that_still_works():
    services.give_demonstration_second_factor(staff().account, SECRET)
    for _time in range(2):
        page = _second_step_page("officer")
        client = browser()
        try_in(client, "officer")
        shown = re.search(r"data-code>(\d{6})<", page)[1]
        assert client.post("/account/sign-in/second-step/", {"code": shown}).status_code == 302


def _second_step_page(login) -> str:
    client = browser()
    try_in(client, login)
    return client.get("/account/sign-in/second-step/").content.decode()


def test_the_code_of_a_demonstration_officer_is_shown_in_a_marked_box():
    services.give_demonstration_second_factor(staff().account, SECRET)

    page = _second_step_page("officer")

    assert any(code(ahead=ahead) in page for ahead in (0, -1, 1))
    assert "data-demonstration" in page


def test_no_code_is_shown_outside_the_demonstration_nor_of_a_factor_the_officer_set_up(settings):
    officer = staff()
    services.give_demonstration_second_factor(officer.account, SECRET)
    settings.DEMO = False
    assert "data-demonstration" not in _second_step_page("officer")

    settings.DEMO = True
    factor = Authenticator.objects.get(user=officer.account)
    factor.data = {"secret": factor.data["secret"]}
    factor.save()
    assert "data-demonstration" not in _second_step_page("officer")


def test_no_code_is_shown_for_a_citizen_even_in_the_demonstration():
    services.give_demonstration_second_factor(account("citizen"), SECRET)

    assert "data-demonstration" not in _second_step_page("citizen")


def test_a_second_factor_for_everybody_to_see_is_never_given_outside_the_demonstration(settings):
    from tongban.lib.problems import NotAllowed

    settings.DEMO = False
    with pytest.raises(NotAllowed):
        services.give_demonstration_second_factor(account(), SECRET)


def test_secrets_of_second_factors_lie_sealed():
    services.give_demonstration_second_factor(staff().account, SECRET)

    assert SECRET not in str(Authenticator.objects.get().data)


def test_a_citizen_sets_up_an_app_and_gets_recovery_codes_once_and_one_of_them_opens_once():
    account()
    client = browser()
    try_in(client)
    asked = client.get("/account/security/app/")
    assert asked["Location"].startswith("/account/confirm/")
    client.post(asked["Location"], {"password": PASSWORD, "next": "/account/security/app/"})
    page = client.get("/account/security/app/").content.decode()
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page)[1]

    done = client.post("/account/security/app/", {"code": code(secret)})

    assert done["Location"] == "/account/security/recovery-codes/"
    shown = re.findall(r">(\d{8})<", client.get(done["Location"]).content.decode())
    assert len(shown) == 10
    assert not re.findall(r">(\d{8})<", client.get(done["Location"]).content.decode())
    for status in (302, 200):
        other = browser()
        try_in(other)
        assert other.post("/account/sign-in/second-step/", {"code": shown[0]}).status_code == status


def test_an_officer_cannot_switch_the_last_second_factor_off():
    officer = staff()
    services.give_demonstration_second_factor(officer.account, SECRET)
    client = doors.enter(browser(), officer.account)

    client.post("/account/security/app/off/")

    assert Authenticator.objects.filter(user=officer.account, type="totp").exists()


# -- sessions


def test_sessions_are_listed_and_one_or_all_others_can_be_ended():
    mine = account()
    phone, desk, hall = (
        browser(headers={"user-agent": agent}) for agent in ("iPhone Safari", "Windows Chrome", "Linux Firefox")
    )
    for client in (phone, desk, hall):
        try_in(client)

    page = phone.get("/account/security/").content.decode()
    assert all(name in page for name in ("Safari, iPhone", "Chrome, Windows", "Firefox, Linux"))
    desks = UserSession.objects.get(user=mine, user_agent="Windows Chrome")
    phone.post(f"/account/security/sessions/{desks.pk}/end/")
    assert (is_in(phone), is_in(desk), is_in(hall)) == (True, False, True)

    phone.post("/account/security/sessions/end/")
    assert (is_in(phone), is_in(hall)) == (True, False)


def _staff_sign_in(client, secret=SECRET):
    try_in(client, "officer")
    for ahead in (-1, 0, 1):
        if client.post("/account/sign-in/second-step/", {"code": code(secret, ahead)}).status_code == 302:
            return
    raise AssertionError("no code was taken")


@pytest.mark.parametrize(("shared", "first_is_still_in"), [(False, False), (True, True)])
def test_an_officer_sits_at_one_desk_and_only_those_of_the_demonstration_at_many(shared, first_is_still_in):
    officer = staff()
    services.give_demonstration_second_factor(officer.account, SECRET)
    if not shared:
        factor = Authenticator.objects.get()
        factor.data = {"secret": factor.data["secret"]}
        factor.save()
    first, second = browser(), browser()
    _staff_sign_in(first)
    _staff_sign_in(second)

    assert (is_in(first), is_in(second)) == (first_is_still_in, True)


def test_the_sign_in_page_offers_the_people_of_the_demonstration_and_nobody_outside_it(settings):
    hers = proved("li-na")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    hers.set_password("tongban-demo-2026")
    hers.save()

    page = browser().get(SIGN_IN).content.decode()
    assert 'value="li-na"' in page
    assert try_in(browser(), "li-na", "tongban-demo-2026").status_code == 302

    settings.DEMO = False
    page = browser().get(SIGN_IN).content.decode()
    assert 'value="li-na"' not in page and "tongban-demo-2026" not in page


def test_pages_behind_a_door_are_kept_by_no_browser():
    account()
    client = browser()
    try_in(client)

    assert (
        client.get("/my/")["Cache-Control"] and "no-store" in client.get("/my/members/", follow=True)["Cache-Control"]
    )
    assert "no-store" in client.get("/account/mobile/")["Cache-Control"]


def test_nobody_ends_the_session_of_somebody_else():
    account("li-na")
    account("other")
    hers, his = browser(), browser()
    try_in(hers, "li-na")
    try_in(his, "other")
    row = UserSession.objects.get(user__login="li-na")

    assert his.post(f"/account/security/sessions/{row.pk}/end/").status_code == 404
    assert is_in(hers)


def test_all_sessions_end_when_the_password_changes_and_the_owner_is_told():
    account(email="na@example.org", email_confirmed=True)
    here, there = browser(), browser()
    try_in(here)
    try_in(there)

    changed = here.post(
        "/account/password/",
        {"oldpassword": PASSWORD, "password1": "another-good-pass-phrase", "password2": "another-good-pass-phrase"},
    )

    assert changed.status_code == 302
    assert (is_in(here), is_in(there)) == (False, False)
    assert try_in(browser(), password="another-good-pass-phrase").status_code == 302
    work_once()
    assert [(letter.to, letter.subject) for letter in mail.outbox] == [
        (["na@example.org"], "Your password was changed")
    ]


# -- recovery


def test_a_forgotten_password_is_set_anew_with_a_code_from_the_confirmed_address():
    account(email="na@example.org", email_confirmed=True)
    old = browser()
    try_in(old)
    client = browser()

    client.post("/account/forgotten/", {"email": "li-na"})
    work_once()
    sent = re.search(r": ([A-Z]{4}-[A-Z]{4})", mail.outbox[0].body)[1]
    assert mail.outbox[0].to == ["na@example.org"]
    client.post("/account/forgotten/code/", {"code": sent})
    done = client.post(
        "/account/forgotten/new/", {"password1": "quite-another-phrase", "password2": "quite-another-phrase"}
    )

    assert done["Location"] == "/account/forgotten/done/"
    assert not is_in(old)
    assert try_in(browser(), password="quite-another-phrase").status_code == 302


def test_recovery_says_the_same_and_does_as_much_for_names_nobody_has_and_addresses_nobody_confirmed():
    from tongban.journal.models import Job

    account("na-li", email="c@example.org", email_confirmed=True)
    account("ni-la", email="u@example.org")
    pages, written = {}, {}
    for login in ("na-li", "ni-la", "nobody"):
        before = Job.objects.count()
        answer = browser().post("/account/forgotten/", {"email": login}, follow=True)
        written[login] = Job.objects.count() - before
        pages[login] = _without_what_changes(answer, login)
    work_once()

    assert pages["na-li"] == pages["ni-la"] == pages["nobody"]
    assert written == {"na-li": 1, "ni-la": 1, "nobody": 1}
    assert [letter.to for letter in mail.outbox] == [["c@example.org"]]


def test_three_wrong_codes_end_the_recovery():
    account(email="na@example.org", email_confirmed=True)
    client = browser()
    client.post("/account/forgotten/", {"email": "li-na"})
    for _try in range(3):
        client.post("/account/forgotten/code/", {"code": "BBBB-BBBB"})
    work_once()
    sent = re.search(r": ([A-Z]{4}-[A-Z]{4})", mail.outbox[0].body)[1]

    client.post("/account/forgotten/code/", {"code": sent})

    assert client.get("/account/forgotten/new/")["Location"].startswith("/account/forgotten/")


# -- opening an account, proving who one is


def test_a_newcomer_opens_an_account_proves_who_he_is_and_stands_in_his_space():
    client = browser()
    opened = client.post(
        "/account/sign-up/",
        {"username": "New-Comer", "password1": PASSWORD, "password2": PASSWORD, "email": "n@example.org"},
    )
    assert opened["Location"] == "/account/identity/"
    assert "need" in client.get("/my/").content.decode() or client.get("/my/").status_code == 200

    claim = {"id_kind": "id_card", "id_no": "990000199001010011", "name": "新来的", "mobile": "13900001234"}
    from tongban.lib.identifiers import mod_11_2

    claim["id_no"] = claim["id_no"][:17] + mod_11_2(claim["id_no"][:17])
    done = client.post("/account/identity/", {**claim, "next": "/my/"})

    assert done["Location"] == "/my/"
    assert "新来的" in client.get("/my/").content.decode()
    assert Account.objects.values_list("login", "email", "level", "language").get() == (
        "new-comer",
        "n@example.org",
        2,
        "en",
    )
    assert not EmailAddress.objects.get().verified
    work_once()
    link = re.search(r"http\S+/account/email/confirm/\S+", mail.outbox[0].body)[0]
    client.post("/account/email/confirm/" + link.split("/confirm/")[1])
    assert EmailAddress.objects.get().verified


def test_every_mistake_at_sign_up_is_said_beside_its_field():
    account("taken")
    page = browser().post(
        "/account/sign-up/", {"username": "Taken", "password1": "short", "password2": "other", "email": "x@"}
    )

    text = page.content.decode()
    for field in ("username", "password1", "email"):
        assert f'id="{field}-error"' in text, field
    assert Account.objects.count() == 1


def test_what_does_not_match_is_kept_in_the_form_and_said():
    account()
    client = browser()
    try_in(client)

    page = client.post(
        "/account/identity/",
        {"id_kind": "id_card", "id_no": "990000199207080045", "name": "别人", "mobile": "13900001234"},
    ).content.decode()

    assert "do not match" in page
    assert 'value="990000199207080045"' in page and 'value="别人"' in page


def test_a_passport_waits_for_a_person_and_the_page_says_so():
    account("anna")
    client = browser()
    try_in(client, "anna")

    client.post(
        "/account/identity/",
        {
            "id_kind": "passport",
            "id_no": "X90000009",
            "name": "Anna Example",
            "mobile": "+79161234567",
            "birth_date": "1996-02-10",
            "sex": "F",
            "nationality": "RU",
        },
    )

    assert "one working day" in client.get("/account/identity/").content.decode()
    assert Person.objects.count() == 0


@pytest.mark.parametrize("birth", ["1996-02-31", "soon", "", "2996-01-01"])
def test_a_day_that_does_not_exist_is_a_sentence_and_no_error(birth):
    account("anna")
    client = browser()
    try_in(client, "anna")

    answer = client.post("/account/identity/", {"id_kind": "passport", "id_no": "X90000009", "birth_date": birth})

    assert answer.status_code == 422


def test_the_own_number_is_covered_until_asked_for_and_the_look_is_written_down():
    hers = proved()
    client = browser()
    try_in(client)
    assert "990000199207080045" not in client.get("/account/").content.decode()
    assert ReadEntry.objects.count() == 0

    page = client.post("/account/", {"reveal": "1"}).content.decode()

    assert "990000199207080045" in page
    entry = ReadEntry.objects.get()
    assert (entry.of_party, entry.reader, entry.purpose, entry.fields) == (
        hers.person_id,
        hers.pk,
        "own data",
        ["id_no", "mobile"],
    )
    assert "you had your numbers shown" in client.get("/account/reads/?own=1").content.decode()
    assert "you had your numbers shown" not in client.get("/account/reads/").content.decode()


def test_the_citizen_sees_which_office_looked_what_for_and_at_what_in_words():
    from tongban.journal.actors import Actor
    from tongban.journal.services import note_read

    hers = proved()
    make.calendar()
    case = make.case("under_review", account_=hers)
    bureau = make.department("HRB")
    looks = Actor(
        kind="officer",
        role="dept_reviewer",
        account=make.officer("dept_reviewer", of=bureau).account_id,
        department="HRB",
        name="王审查",
    )
    note_read(actor=looks, of_party=hers.person_id, purpose="handling", fields=["form", "id_no"], about=case.subject)
    client = browser()
    try_in(client)

    page = client.get("/account/reads/").content.decode()

    for words in (
        "HRB Bureau",
        "王审查",
        "reviewer in the department",
        "to handle an application",
        "the answers in the form, the number",
    ):
        assert words in page
    assert f"/my/cases/{case.ref}/" in page
    with CaptureQueriesContext(connection) as one:
        client.get("/account/reads/")
    for _more in range(5):
        note_read(actor=looks, of_party=hers.person_id, purpose="handling", fields=["form"], about=case.subject)
    with CaptureQueriesContext(connection) as many:
        client.get("/account/reads/")
    assert len(one) == len(many)


def test_a_new_mobile_number_needs_the_password_once_more():
    proved()
    client = browser()
    try_in(client)

    asked = client.post("/account/mobile/", {"mobile": "13811112222"})
    assert asked["Location"].startswith("/account/confirm/")
    assert Person.objects.get().mobile == "13900001234"

    client.post(asked["Location"], {"password": PASSWORD, "next": "/account/mobile/"})

    assert Person.objects.get().mobile == "13811112222"


def test_language_and_ways_of_contact_are_chosen_and_kept():
    hers = account()
    client = browser()
    try_in(client)

    client.post("/account/language/", {"language": "en"})
    client.post("/account/contact/", {"email": "true"})

    hers.refresh_from_db()
    assert hers.language == "en"
    assert (hers.preference.email, hers.preference.sms, hers.preference.only_when_needed) == (True, False, False)


# -- spaces


def test_one_click_leads_into_the_company_and_back_and_an_ended_membership_leads_out():
    hers = proved()
    cafe = make.company("示范河畔咖啡店", of=hers.person)
    client = browser()
    try_in(client)
    assert "Li Shili</h1>" in client.get("/my/").content.decode()

    client.post(f"/my/space/{cafe.pk}/")
    assert "示范河畔咖啡店</h1>" in client.get("/my/").content.decode()
    Membership.objects.all().delete()

    assert "Li Shili</h1>" in client.get("/my/").content.decode()


def test_the_space_of_somebody_else_is_not_there():
    proved()
    other = make.company("别人的公司")
    client = browser()
    try_in(client)

    assert client.post(f"/my/space/{other.pk}/").status_code == 404
    assert client.post("/my/space/", {"space": other.pk}).status_code == 404
    assert client.post("/my/space/", {"space": "no number"}).status_code == 404
    assert "Li Shili</h1>" in client.get("/my/").content.decode()


def test_the_representative_names_a_clerk_and_dismisses_him_through_the_pages():
    boss = proved("boss")
    cafe = make.company("示范河畔咖啡店", of=boss.person)
    clerk = account("clerk")
    services.prove(clerk, id_kind="id-card", id_no="990000195503120031", name="张示范", mobile="13900001234")
    client = browser()
    try_in(client, "boss")
    client.post(f"/my/space/{cafe.pk}/")

    wrong = client.post("/my/members/", {"id_kind": "id-card", "id_no": "990000195503120031", "name": "李四"})
    assert wrong.status_code == 422
    client.post("/my/members/", {"id_kind": "id-card", "id_no": "990000195503120031", "name": "张示范"})
    membership = Membership.objects.get(role="clerk")
    clerks = browser()
    try_in(clerks, "clerk")
    assert clerks.post(f"/my/space/{cafe.pk}/").status_code == 302
    assert "Name somebody" not in clerks.get("/my/members/").content.decode()
    assert clerks.post(f"/my/members/{membership.pk}/end/").status_code == 403

    client.post(f"/my/members/{membership.pk}/end/")

    assert clerks.get("/my/members/").status_code == 404
    assert not Membership.objects.filter(role="clerk").exists()


@pytest.mark.parametrize("name", ["account_login", "account_signup", "account_reset_password"])
def test_pages_at_the_door_are_whole_in_both_languages(name):
    for language in ("zh-hans", "en"):
        client = Client()
        client.cookies["language"] = language
        page = client.get(reverse(name))
        assert page.status_code == 200
        assert "<h1>" in page.content.decode()
