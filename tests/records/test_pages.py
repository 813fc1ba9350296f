"""What people see of it: the guide, their case, their data; and the office's lists, with four eyes."""

import datetime
import html
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import doors, make
from tests.cases import ways
from tests.records import worlds
from tongban.cases.models import Case
from tongban.journal import services as journal
from tongban.records import services
from tongban.records.models import Destruction, Handover, Hold

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
RULES = [
    {"state": "withdrawn", "years": 0, "months": 6, "then": "anonymise", "basis": {"zh": "示范", "en": "demo law"}}
]


@pytest.fixture(autouse=True)
def own_var(settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path


def entered(account, **how) -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    return doors.enter(client, account, **how)


def words(answer) -> str:
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_the_guide_says_how_long(client):
    matter = make.matter(retention=RULES)
    page = words(client.get(f"/matters/{matter.slug}/"))
    assert "6 months" in page and "demo law" in page and "30 years" in page


def test_a_case_says_its_last_day_and_what_stops_it():
    case = worlds.ended("withdrawn", matter=make.matter(retention=RULES), ago=datetime.timedelta(days=1))
    mine = entered(case.account)
    page = words(mine.get(f"/my/cases/{case.ref}/"))
    assert "then made anonymous" in page and "demo law" in page

    officer = make.officer("dept_approver", of=case.department)
    services.place_hold(case, officer=officer, why="litigation", words="secret words of the office")
    page = words(mine.get(f"/my/cases/{case.ref}/"))
    assert "an action before a court" in page and "secret words" not in page


def test_my_data_says_until_when():
    case = worlds.ended("withdrawn", matter=make.matter(retention=RULES), ago=datetime.timedelta(days=1))
    assert "Until when my applications are kept" in words(entered(case.account).get("/my/data/"))


def test_a_hold_is_placed_and_lifted_on_its_page():
    case = worlds.ended("withdrawn", matter=make.matter(retention=RULES), ago=datetime.timedelta(days=1))
    officer = make.officer("dept_approver", of=case.department)
    office, at = entered(officer.account), f"/office/cases/{case.ref}/keeping/"

    answer = office.post(at, {"why": "audit", "words": "no"})
    assert answer.status_code == 422 and "at least 10 characters" in answer.content.decode()
    assert office.post(at, {"why": "audit", "words": "asked for by the audit office"}).status_code == 302
    hold = Hold.objects.get()
    assert office.post(f"{at}{hold.pk}/lift", {"why_lifted": "the audit is over"}).status_code == 302
    assert "the audit is over" in words(office.get(at))


def test_two_people_destroy_and_the_record_stays():
    case = worlds.ended("withdrawn", matter=make.matter(retention=RULES))
    name = case.applicant.name
    first, second = (
        make.officer("coordinator", of=make.department("DSO")),
        make.officer("dept_approver", of=case.department),
    )
    services.find_due_dates()
    one, other = entered(first.account), entered(second.account)

    assert "Make a list" in words(one.get("/office/records/"))
    assert case.number in words(one.get(f"/office/records/due/{case.department.code}/"))
    assert one.post(f"/office/records/due/{case.department.code}/list").status_code == 302
    row = Destruction.objects.get()
    at = f"/office/records/{row.ref}/"
    assert "Somebody else confirms it" in words(one.get(at))
    assert one.post(f"{at}decide", {"word": "yes", "sure": "1"}).status_code == 403
    assert other.post(f"{at}decide", {"word": "yes"}).status_code == 422  # without having looked
    assert Case.objects.get(pk=case.pk).applicant_id == case.applicant_id

    assert other.post(f"{at}decide", {"word": "yes", "sure": "1"}).status_code == 302
    ways.work()
    page = words(other.get(at))
    assert "Record of destruction" in page and name not in page and case.number not in page
    assert entered(case.account).get(f"/my/cases/{case.ref}/").status_code == 404


def test_an_anonymised_case_still_opens_for_the_office():
    case = worlds.ended("refused", matter=make.matter())
    coordinator = make.officer("coordinator", of=make.department("DSO"))
    approver = make.officer("dept_approver", of=case.department)
    services.find_due_dates()
    row = services.propose(case.department, officer=coordinator)
    services.confirm(row, officer=approver)
    ways.work()
    case = Case.objects.get(pk=case.pk)
    assert case.number.startswith("x")
    page = words(entered(case.reviewer.account).get(f"/office/cases/{case.ref}/"))
    assert "Made anonymous on" in page


@pytest.mark.parametrize("role", ["coordinator", "auditor"])
def test_lists_cost_the_same_however_many_there_are(role):
    officer = make.officer(role, of=make.department("DSO"))
    matter = make.matter(retention=RULES)
    office = entered(officer.account)
    costs = []
    for _round in range(2):
        for _one in range(3):
            worlds.ended("withdrawn", matter=matter)
        services.find_due_dates()
        for page in ("/office/records/", f"/office/records/due/{matter.department.code}/"):
            office.get(page)
            with CaptureQueriesContext(connection) as asked:
                office.get(page)
            costs.append(len(asked))
        journal.keep_place(services.PLACE, 0)
    assert costs[:2] == costs[2:], costs


@pytest.mark.parametrize(
    "after", ["2020-01-01.", "2020-01-01.99999999999999999999999", "x.1", "2020-01-01.٣", "9999-12-31.1"]
)
def test_an_address_somebody_changed_breaks_nothing(after):
    office = entered(make.officer("coordinator", of=make.department("DSO")).account)
    department = make.department()
    assert office.get(f"/office/records/due/{department.code}/", {"after": after, "by": after}).status_code == 200
    assert office.get("/office/records/", {"before": "9" * 40}).status_code == 200


def test_the_record_says_what_the_archive_received_and_the_list_what_is_stopped():
    coordinator = make.officer("coordinator", of=make.department("DSO"))
    case, held = (worlds.ended(matter=ways.matter_with_everything()) for _one in range(2))
    approver = make.officer("dept_approver", of=case.department)
    services.place_hold(held, officer=approver, why="audit", words="asked for by the audit office")
    services.find_due_dates()
    services.confirm(services.propose(case.department, officer=coordinator), officer=approver)
    ways.work()

    office = entered(coordinator.account)
    given = Handover.objects.get()
    page = words(office.get(f"/office/records/{Destruction.objects.get().ref}/"))
    assert given.name in page and given.receipt in page and "simulated" in page
    due = words(office.get(f"/office/records/due/{case.department.code}/"))
    assert "something stops it; looked at again" in due and held.number in due
    assert case.department.shown_name not in words(office.get("/office/records/")).partition("Lists")[0]


def test_a_draft_is_kept_by_one_touch():
    case = make.draft()
    Case.objects.filter(pk=case.pk).update(expires_at=timezone.now() + datetime.timedelta(days=3))
    mine = entered(case.account)
    assert "Keep it 90 more days" in words(mine.get("/my/drafts/"))
    assert mine.post(f"/apply/{case.ref}/keep").status_code == 302
    assert "Keep it 90 more days" not in words(mine.get("/my/drafts/"))


def test_before_it_is_confirmed_a_list_says_how_much_would_go():
    case = worlds.ended("withdrawn", matter=make.matter(retention=RULES))
    case.materials.create(type=make.material_type(), how="upload", document=worlds.paper(case))
    coordinator = make.officer("coordinator", of=make.department("DSO"))
    services.find_due_dates()
    row = services.propose(case.department, officer=coordinator)
    page = words(entered(coordinator.account).get(f"/office/records/{row.ref}/"))
    assert "Applications: 1. Papers in them: 1. Handed over to the archive first: 0." in page
    assert Case.objects.get(pk=case.pk).applicant_id == case.applicant_id


def test_what_is_due_now_is_not_named_again_among_what_is_due_later():
    matter = make.matter(retention=RULES)
    gone, coming = (
        worlds.ended("withdrawn", matter=matter, ago=datetime.timedelta(days=ago)) for ago in (400, 170)
    )  # kept six months
    services.find_due_dates()
    office = entered(make.officer("coordinator", of=make.department("DSO")).account)

    page = words(office.get("/office/records/"))
    now, later = page.partition("Due later")[::2]
    link = html.unescape(
        re.search(r'href="(/office/records/due/[^"]+from=[^"]+)"', later.partition("Lists")[0]).group(1)
    )

    assert f'due/{matter.department.code}/"' in now and f"due/{matter.department.code}/" in later
    assert [len(re.findall(case.number, words(office.get(link)))) for case in (gone, coming)] == [0, 1]
    one_each = re.findall(r"<td>(\d+)\+?</td>", now), re.findall(r"</a>:\s*(\d+)", later)
    assert one_each == (["1"], ["1"])
