"""Leftovers about accounts and sessions that tests/portal/test_account does not ask."""

import datetime

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from tests import doors, make
from tests.hostile.strings import page
from tongban.parties import services
from tongban.parties.models import Account

pytestmark = pytest.mark.django_db

LONG = "创园 " + "A long pass phrase, kept as it is: ÄöÜ𠮷 " * 3 + "!"


@pytest.fixture(autouse=True)
def nobody_tried_before():
    cache.clear()


def try_in(login, password) -> Client:
    client = Client()
    client.post("/account/sign-in/", {"login": login, "password": password})
    return client


def is_in(client) -> bool:
    return client.get("/account/").status_code == 200


def test_a_password_is_looked_at_exactly_as_it_was_typed_and_may_be_long():
    services.register("long-name", LONG)

    assert len(LONG) > 100
    assert is_in(try_in("long-name", LONG))
    for nearly in (LONG[:-1], LONG.lower(), LONG.strip("!"), LONG[:72], LONG + " "):
        assert not is_in(try_in("long-name", nearly))
        cache.clear()


@pytest.mark.parametrize("password", ["tongban2026", "Tongban!!!!", "通办通办1234", "mima123456", "zhengwu2026"])
def test_words_of_this_house_are_no_passwords(password):
    answer = Client().post(
        "/account/sign-up/",
        {"login": "newcomer", "username": "newcomer", "email": "", "password1": password, "password2": password},
    )

    assert answer.status_code == 200
    assert not Account.objects.filter(login="newcomer").exists()


def test_ten_characters_of_any_kind_are_enough_and_none_is_asked_for():
    services.register("plain-name", "correcthorse")

    assert is_in(try_in("plain-name", "correcthorse"))


@pytest.mark.parametrize("address", ["/account/sign-in/", "/account/sign-up/"])
def test_password_boxes_cover_what_is_typed_and_let_it_be_pasted_and_filled_in(client, address):
    boxes = [
        given for tag, given in page(client.get(address)).tags if tag == "input" and "password" in given.get("name", "")
    ]

    assert boxes
    for box in boxes:
        assert box["type"] == "password"
        assert box.get("autocomplete") in ("current-password", "new-password")
        assert not {"onpaste", "readonly", "disabled"} & set(box)


def test_the_old_password_is_asked_for_before_a_new_one():
    services.register("changer", "correcthorse")
    client = try_in("changer", "correcthorse")

    client.post(
        "/account/password/", {"oldpassword": "wrong", "password1": "quite-another", "password2": "quite-another"}
    )

    assert not is_in(try_in("changer", "quite-another")) and is_in(try_in("changer", "correcthorse"))


def test_there_is_no_account_that_nobody_opened():
    assert not Account.objects.exists()


def test_recovery_does_not_pass_by_the_second_factor():
    """A new password opens nothing by itself for an officer: the second factor is asked for as before."""
    officer = make.officer("window_officer")
    client = doors.enter(Client(), officer.account, second_factor=False)

    assert client.get("/office/").status_code == 302
    assert client.get("/office/").headers["Location"].startswith("/account/second-factor/")


def test_a_closed_account_has_no_open_session():
    account = services.register("leaver", "correcthorse")
    client = try_in("leaver", "correcthorse")
    assert is_in(client)

    Account.objects.filter(pk=account.pk).update(is_active=False)

    assert not is_in(client)


def test_an_officer_off_duty_is_out_at_once():
    officer = make.officer("window_officer")
    client = doors.enter(Client(), officer.account)
    assert client.get("/office/").status_code == 200

    type(officer).objects.filter(pk=officer.pk).update(active=False)

    assert client.get("/office/").status_code == 403


def test_an_officers_desk_that_stood_still_is_closed_and_leads_back_to_where_it_was():
    officer = make.officer("window_officer")
    client = doors.enter(Client(), officer.account)
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=29), tick=False):
        assert client.get("/office/").status_code == 200  # and this was doing something
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=58), tick=False):
        assert client.get("/office/").status_code == 200
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=89), tick=False):
        answer = client.get("/office/desk/")

    assert answer.headers["Location"] == "/account/sign-in/?next=%2Foffice%2Fdesk%2F"
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert not is_in(client)
    assert not Session.objects.filter(session_key=client.cookies[settings.SESSION_COOKIE_NAME].value).exists()


def test_signing_out_clears_what_the_browser_kept_and_signing_in_does_not():
    client = doors.enter(Client(), make.account())

    assert "Clear-Site-Data" not in client.get("/my/").headers
    assert client.post("/account/sign-out/").headers["Clear-Site-Data"] == '"storage"'
    assert "Clear-Site-Data" not in client.get("/").headers


def test_a_sign_in_is_written_down_with_its_factors_and_a_wrong_one_too(caplog):
    services.register("plain-name", "correcthorse")
    with caplog.at_level("INFO"):
        try_in("plain-name", "wrong horse")
        try_in("plain-name", "correcthorse")

    said = [record.msg for record in caplog.records if record.name == "tongban.sign_in"]
    assert [one["event"] for one in said] == ["a sign-in did not fit", "signed in"]
    assert said[1]["factors"] == ["password"] and "plain-name" not in str(said)


def test_people_are_given_all_the_time_they_need():
    """No limit of standing still for citizens (WCAG 2.2.1): only the twelve hours of a session."""
    client = doors.enter(Client(), make.account())
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=11), tick=False):
        assert client.get("/my/").status_code == 200


def test_a_session_is_a_long_random_name_of_the_servers_and_ends_on_its_own(client):
    doors.enter(client, make.account())
    row = Session.objects.get()

    assert len(row.session_key) == 32 and settings.SESSION_ENGINE == "tongban.site.sessions"
    assert settings.SESSION_COOKIE_AGE == 12 * 3600 and not settings.SESSION_SAVE_EVERY_REQUEST
    Session.objects.update(expire_date="2020-01-01T00:00:00Z")
    assert client.get("/my/").status_code == 302


def test_nobody_becomes_signed_in_by_an_address(client):
    account = make.account()
    for query in (f"?sessionid={account.pk}", "?user=1", "?login=x&password=y"):
        assert client.get("/my/" + query).status_code == 302
    client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    assert client.get("/my/").status_code == 302


def test_signing_out_is_on_every_page_for_whoever_is_signed_in_and_takes_a_press(client):
    doors.enter(client, make.account(), present=True)
    for address in ("/", "/my/", "/my/cases/", "/my/licences/", "/account/", "/search/"):
        forms = [given.get("action", "") for tag, given in page(client.get(address)).tags if tag == "form"]
        assert any("sign-out" in action for action in forms), address
    client.get("/account/sign-out/")
    assert is_in(client)


def test_what_may_be_looked_at_only_is_not_changed_by_looking(client):
    """Safe methods are safe: sending, withdrawing, deleting, opening and signing out want a POST."""
    case = make.case("received")
    doors.enter(client, case.account, present=True)
    asked = {name: client.get(f"/my/cases/{case.ref}/{name}").status_code for name in ("ask", "open", "person")} | {
        name: client.get(f"/apply/{case.ref}/{name}").status_code for name in ("submit", "save", "delete")
    }

    assert set(asked.values()) <= {405, 302}
    case.refresh_from_db()
    assert case.state == "received"


@pytest.mark.parametrize(
    "address",
    [
        "/.git/HEAD",
        "/static/",
        "/media/",
        "/var/keys/secret.key",
        "/tongban.sqlite3",
        "/admin/",
        "/static/../tongban.sqlite3",
        "/__debug__/",
        "/server-status",
        "/.env",
    ],
)
def test_nothing_lies_about_that_nobody_put_there(client, address):
    assert client.get(address).status_code == 404


def test_trace_is_not_answered_with_what_was_sent(client):
    answer = client.generic("TRACE", "/", headers={"x-secret": "echo"})

    assert b"echo" not in answer.content


def test_a_value_sent_twice_is_one_value_and_the_last(client):
    """Query and body are told apart: what was posted is never taken from the address."""
    case = make.case("received")
    doors.enter(client, case.account, present=True)

    client.post(f"/my/cases/{case.ref}/ask?text=from-the-address&text=again", {"key": "k"})

    assert not case.questions.exists()
