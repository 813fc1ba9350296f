"""What the doorkeeper hands over, where it leads, and what becomes of problems."""

import datetime
import json
import time

import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from tests import doors, make
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import behind, for_anyone, for_officer, for_party, for_signed_in
from tongban.journal.models import ReadEntry
from tongban.lib.problems import Invalid, NotAllowed, TooMany


def says(*what):
    return HttpResponse("|".join(map(str, what)))


@for_anyone
def anyone(request):
    return says("anyone")


@for_signed_in
def signed_in(request, account):
    return says(account.login)


@for_party
def party(request, party):
    return says(party.name, doorkeeper.actor_of(request).role)


@for_party(level=3)
def signing(request, party):
    return says("signed")


@for_officer("window_officer", "dept_reviewer")
def office(request, officer):
    actor = doorkeeper.actor_of(request)
    return says(officer.staff_no, actor.role, actor.department, actor.kind)


@for_officer
def looking(request, officer):
    doorkeeper.reading(
        request, int(request.GET["of"]), request.GET.get("purpose", ""), ["name"], request.GET.get("about", "")
    )
    return says("looked")


@for_anyone
def breaks(request):
    raise {
        "now": NotAllowed("not-now", "It is decided already.", kept="Your text is kept.", next_step="Look again."),
        "invalid": Invalid("wrong", errors={"name": ["Too short."]}),
        "often": TooMany("often", retry_after=60),
    }[request.GET["how"]]


def without_a_door(request):
    return says("should never be seen")


urlpatterns = [
    path("anyone", anyone),
    path("signed-in", signed_in),
    path("party", party),
    path("signing", signing),
    path("office", office),
    path("looking", looking),
    path("breaks", breaks),
    path("open", without_a_door),
    path("behind", behind(for_signed_in, without_a_door)),
    path("account/sign-in/", anyone, name="account_login"),
    path("account/identity/", anyone, name="account_identity"),
    path("account/presence/", anyone, name="account_presence"),
    path("account/second-factor/", anyone, name="account_second_factor"),
]

handler403 = "tongban.site.errors.not_allowed"

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def entered(account, **more) -> Client:
    return doors.enter(Client(), account, **more)


def leads(response) -> tuple[int, str]:
    return response.status_code, response.headers.get("Location", "")


def test_each_door_leads_strangers_where_they_can_become_somebody_and_back():
    stranger, newcomer = Client(), entered(make.Account.objects.create_user("newcomer", "a good pass phrase"))
    citizen = entered(make.account())

    assert leads(stranger.get("/anyone")) == (200, "")
    assert leads(stranger.get("/party?x=1")) == (302, "/account/sign-in/?next=%2Fparty%3Fx%3D1")
    assert leads(newcomer.get("/party?x=1")) == (302, "/account/identity/?next=%2Fparty%3Fx%3D1")
    assert leads(citizen.get("/party")) == (200, "")
    assert leads(citizen.get("/signing")) == (302, "/account/presence/?next=%2Fsigning")


def test_what_was_posted_comes_back_to_the_page_it_came_from_and_to_no_foreign_one():
    stranger = Client()

    assert leads(stranger.post("/party", headers={"referer": "http://testserver/form?y=2"}))[1].endswith(
        "next=%2Fform%3Fy%3D2"
    )
    assert leads(stranger.post("/party", headers={"referer": "https://elsewhere.example/"}))[1].endswith(
        "next=%2Fmy%2F"
    )


def test_presence_holds_for_half_an_hour_in_this_session_alone():
    somebody = make.account()
    here, elsewhere = entered(somebody, present=True), entered(somebody)
    assert here.get("/signing").content == b"signed"
    assert elsewhere.get("/signing").status_code == 302

    session = here.session
    session["present_at"] = time.time() - 31 * 60
    session.save()

    assert here.get("/signing").status_code == 302


def test_presence_lifts_nobody_who_is_not_verified():
    newcomer = make.Account.objects.create_user("newcomer", "a good pass phrase")

    assert entered(newcomer, present=True).get("/signing").status_code == 302


def test_the_space_acted_for_is_handed_over_and_checked_at_every_step():
    clerk = make.account(make.person("李示例"))
    cafe = make.company("河畔咖啡", of=clerk.person, role="clerk")
    client = entered(clerk, space=cafe)
    assert client.get("/party").content.decode() == "河畔咖啡|agent"

    cafe.memberships.update(until=datetime.date(2020, 1, 2))

    assert client.get("/party").content.decode() == "李示例|applicant"


def test_an_officer_comes_in_with_the_role_of_the_door_and_the_second_factor_only():
    officer = make.officer("dept_reviewer", "helper", of=make.department("PSB"))
    without = entered(officer.account, second_factor=False)
    assert leads(without.get("/office")) == (302, "/account/second-factor/?next=%2Foffice")

    inside = entered(officer.account)

    assert inside.get("/office").content.decode() == f"{officer.staff_no}|dept_reviewer|PSB|officer"
    assert entered(make.officer("helper").account).get("/office").status_code == 403
    assert entered(make.account()).get("/office").status_code == 403


def test_an_officer_off_duty_is_nobody_special():
    officer = make.officer("dept_reviewer")
    officer.active = False
    officer.save()

    assert entered(officer.account, second_factor=True).get("/office").status_code == 403


def test_somebody_elses_second_factor_in_a_session_counts_for_nobody_else():
    officer, other = make.officer("dept_reviewer"), make.officer("dept_reviewer")
    client = entered(officer.account)
    records = {key: value for key, value in client.session.items() if key.startswith("account_")}
    client = entered(other.account, second_factor=False)
    session = client.session
    session.update(records)
    session.save()

    assert client.get("/office").status_code == 302


def test_an_officer_without_a_purpose_sees_nothing_and_with_one_leaves_exactly_one_line():
    officer = make.officer("dept_reviewer", of=make.department("PSB"))
    citizen, client = make.person("张示范"), entered(officer.account)

    for query in ("", "&purpose=review", "&about=case:1"):
        assert client.get(f"/looking?of={citizen.pk}{query}").status_code == 403
    assert ReadEntry.objects.count() == 0
    client.get(f"/looking?of={citizen.pk}&purpose=review&about=case:1")

    entry = ReadEntry.objects.get()
    assert (entry.reader, entry.role, entry.department, entry.of_party, entry.about, entry.purpose, entry.fields) == (
        officer.account_id,
        "dept_reviewer",
        "PSB",
        citizen.pk,
        "case:1",
        "review",
        ["name"],
    )


def test_problems_become_a_page_that_says_what_happened_what_was_kept_and_what_to_do():
    page = Client().get("/breaks?how=now")

    assert page.status_code == 409
    for sentence in ("It is decided already.", "Your text is kept.", "Look again."):
        assert sentence in page.content.decode()
    often = Client().get("/breaks?how=often")
    assert (often.status_code, often["Retry-After"]) == (429, "60")


def test_programs_get_a_problem_document():
    answer = Client().get("/breaks?how=invalid", headers={"accept": "application/json"})

    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    said = json.loads(answer.content)
    assert (said["code"], said["status"], said["errors"]) == ("wrong", 422, {"name": ["Too short."]})
    assert (
        json.loads(Client().get("/party", headers={"accept": "application/json"}).content)["code"] == "sign-in-needed"
    )


def test_a_view_without_a_door_is_shown_to_nobody_and_named():
    officer = entered(make.officer("dept_reviewer").account)

    assert officer.get("/open").status_code == 403
    assert doorkeeper.views_without_door() == ["open (tests.portal.test_account_door.without_a_door)"]
    assert [error.id for error in doorkeeper.every_view_has_a_door(None)] == ["tongban.E100"]


def test_control_without_the_middleware_the_open_view_would_be_seen(settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "doorkeeper" not in name]

    assert Client().get("/open").content == b"should never be seen"


def test_views_of_others_stand_behind_the_same_doors():
    assert Client().get("/behind").status_code == 302
    assert entered(make.account()).get("/behind").content == b"should never be seen"


def test_a_machine_that_tries_numbers_raises_an_alarm(caplog):
    cache.clear()

    class Route:
        route = "cases/<ref>"

    request = RequestFactory().get("/cases/1")
    request.user, request.resolver_match = make.account(), Route
    with caplog.at_level("WARNING"):
        for _try in range(doorkeeper.NOT_FOUNDS_BEFORE_ALARM + 5):
            doorkeeper._count_not_found(request)

    alarms = [record for record in caplog.records if "not there" in str(record.msg)]
    assert len(alarms) == 1


@override_settings(ALLOWED_HOSTS=["*"])
def test_ways_back_lead_to_our_own_pages_alone():
    def back(wanted):
        return doorkeeper.safe_next(RequestFactory().get("/", {"next": wanted}), "/home")

    assert back("/my/?a=1") == "/my/?a=1"
    for foreign in (
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "javascript:alert(1)",
        "my/",
    ):
        assert back(foreign) == "/home"


def test_a_refused_permission_is_no_secret_door():
    with pytest.raises(PermissionDenied):
        request = RequestFactory().get("/office")
        request.user = make.account()
        request.session = {}
        office(request)
