"""Inspections on a phone and objections to public notices, through the pages that people use."""

import datetime
import io

import pytest
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from tests import make
from tests.cases import ways
from tests.doors import enter
from tongban.cases import services
from tongban.cases.models import Case, Inspection, InspectionSignature, PublicObjection
from tongban.cases.services import keeping_time
from tongban.lib.problems import NotAllowed
from tongban.notices.models import Message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def ordered() -> tuple[Case, Inspection]:
    case = ways.bring("site_inspection")
    row = case.inspections.get()
    Inspection.objects.filter(pk=row.pk).update(place="18 River Road")
    return case, Inspection.objects.get(pk=row.pk)


def record(row: Inspection, **more) -> dict:
    """What the form of the page sends."""
    typed = {
        "revision": row.revision, "tab": "phone-one", "record": "Clean and as drawn.", "present": "张示范",
        "there_way": "refused", "finding": "in_order", **{f"point-{point['id']}": "yes" for point in row.points},
    }  # fmt: skip
    return typed | more


def picture() -> io.BytesIO:
    held = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(held, "JPEG")
    held.name, _ = "kitchen.jpg", held.seek(0)
    return held


def at(name: str, row: Inspection, *more) -> str:
    return reverse(f"office:{name}", args=[row.ref, *more])


def test_it_is_planned_the_applicant_is_told_and_says_that_the_time_does_not_suit(client):
    case, row = ordered()
    one, two = ways.of_department("inspector", case), ways.of_department("inspector", case)
    enter(client, one.account)
    when = timezone.localtime(timezone.now() + datetime.timedelta(days=3)).strftime("%Y-%m-%dT10:30")

    wrong = client.post(at("inspection_plan", row), {"at": "2020-01-01T10:00", "first": one.pk, "second": one.pk})
    right = client.post(at("inspection_plan", row), {"at": when, "first": one.pk, "second": two.pk})
    ways.work()
    row.refresh_from_db()
    listed = client.get("/office/inspections/").content.decode()
    enter(client, case.account)
    theirs = client.get(f"/my/cases/{case.ref}/").content.decode()
    client.post(f"/my/cases/{case.ref}/inspections/{row.ref}/wish", {"wish": "After four o'clock, please."})

    assert wrong.status_code == 422 and "two different people" in wrong.content.decode()
    assert right.status_code == 302 and (row.first, row.second) == (one, two)
    assert case.number in listed
    assert "Two officers come on" in theirs and "10:30" in theirs
    assert Message.objects.filter(kind="inspection_planned").exists()
    enter(client, two.account)
    assert "After four o&#x27;clock, please." in client.get(at("inspection", row)).content.decode()


def test_two_sign_the_same_record_on_their_own_accounts_and_the_case_goes_on(client):
    case, row = ordered()
    one, two = ways.of_department("inspector", case), ways.of_department("inspector", case)

    enter(client, one.account)
    first = client.post(at("inspection_submit", row), record(row, sign="on"))
    assert first.status_code == 302
    row.refresh_from_db()
    assert (row.state, Case.objects.get(pk=case.pk).state) == ("ordered", "site_inspection")

    enter(client, two.account)
    page = client.get(at("inspection", row)).content.decode()
    assert one.shown_name in page and "signs the same record" in page
    client.post(at("inspection_submit", row), record(row, sign="on", tab="phone-two"))
    row.refresh_from_db()

    assert (row.state, row.first, row.second, row.finding) == ("done", one, two, "in_order")
    assert Case.objects.get(pk=case.pk).state == "under_review"
    paper = case.documents.get(kind="inspection_record")
    assert any("18 River Road" in str(value) for _label, value in paper.content["rows"])


def test_one_inspector_alone_finishes_nothing_however_often_he_signs(client):
    case, row = ordered()
    one = ways.of_department("inspector", case)
    for _time in range(3):
        row = services.sign_inspection(
            row, officer=one, said=ways.SEEN, revision=Inspection.objects.get(pk=row.pk).revision
        )

    assert Case.objects.get(pk=case.pk).state == "site_inspection"
    assert row.signatures.filter(officer=one).count() == 1


def test_whoever_changes_the_record_takes_the_other_signature_away():
    case, row = ordered()
    one, two = ways.of_department("inspector", case), ways.of_department("inspector", case)
    row = services.sign_inspection(row, officer=one, said=ways.SEEN, revision=0)

    row = services.sign_inspection(row, officer=two, said=ways.SEEN | {"record": "A rat."}, revision=row.revision)

    assert [held.officer for held in row.signatures.filter(officer__isnull=False)] == [two]
    assert [told.account for told in Message.objects.filter(kind="signature_fell")] == [one.account]
    assert Case.objects.get(pk=case.pk).state == "site_inspection"
    services.sign_inspection(row, officer=one)
    assert Case.objects.get(pk=case.pk).state == "under_review"


@pytest.mark.parametrize(
    ("lacking", "sentence"),
    [
        ({"point-layout": ""}, "Choose an answer."),
        ({"point-layout": "no"}, "Say what is not as it should be."),
        ({"record": " "}, "Write what you saw."),
        ({"finding": "maybe"}, "Choose what the inspection found."),
        ({"there_way": ""}, "Say who was there and whether they signed."),
        ({"present": ""}, "Write the name of who was there."),
        ({"there_way": "glass", "there_strokes": "nonsense"}, "Say who was there and whether they signed."),
    ],
)
def test_what_is_missing_is_said_at_its_place_and_what_was_written_stays(client, lacking, sentence):
    case, row = ordered()
    enter(client, ways.of_department("inspector", case).account)

    answer = client.post(at("inspection_submit", row), record(row, sign="on", **lacking))

    page = answer.content.decode()
    assert answer.status_code == 422 and sentence in page
    assert not InspectionSignature.objects.filter(officer__isnull=False).exists()
    if "record" not in lacking:
        assert "Clean and as drawn." in page


def test_two_phones_notice_each_other_and_the_page_of_its_own_tab_goes_on(client):
    case, row = ordered()
    enter(client, ways.of_department("inspector", case).account)
    asked = {"HTTP_X_AUTOSAVE": "1", "HTTP_ACCEPT": "application/json"}

    first = client.post(at("inspection_save", row), record(row), **asked)
    again = client.post(at("inspection_save", row), record(row, record="More."), **asked)
    other = client.post(at("inspection_save", row), record(row, tab="phone-two", record="Other."), **asked)

    assert (first.status_code, first.json()["revision"]) == (200, 1)
    assert again.status_code == 200
    assert other.status_code == 409 and "another phone" in other.json()["title"]
    row.refresh_from_db()
    assert row.record == "More."

    both = client.post(at("inspection_save", row), record(row, tab="phone-two", record="Other.", revision="0"))
    page = both.content.decode()
    theirs, mine = page.split('id="theirs"')[1].split("<form", 1)
    assert both.status_code == 409 and "More." in theirs and "Other." in mine and "data-typed" in mine
    assert f'name="revision" value="{row.revision}"' in mine  # whoever keeps theirs now has seen both


def test_a_photograph_sent_twice_is_kept_once_and_belongs_to_what_is_signed(client):
    case, row = ordered()
    one = ways.of_department("inspector", case)
    enter(client, one.account)
    before = services_content(row)

    for _time in range(2):
        answer = client.post(at("inspection_photo", row), {"photo": picture(), "key": "a-1"}, HTTP_X_AUTOSAVE="1")
        assert (answer.status_code, answer.json()["photos"]) == (201, 1)
    shown = client.get(at("inspection_picture", row, row.photos.get().pk))

    assert shown.status_code == 200 and shown.headers["Content-Type"].startswith("image/")
    assert services_content(row) != before


def services_content(row: Inspection) -> str:
    from tongban.cases.services.inspecting import content_of

    return content_of(Inspection.objects.get(pk=row.pk))


def test_the_signature_on_the_glass_is_kept_within_bounds(client):
    case, row = ordered()
    enter(client, ways.of_department("inspector", case).account)
    strokes = '[[[1, 2], ["x", 3], [NaN, 1], 7], 8, "a"]'

    client.post(at("inspection_save", row), record(row, there_way="glass", there_strokes="[[[1, 2], [2000, -5]]]"))
    kept = InspectionSignature.objects.get(inspection=row, officer=None)
    broken = client.post(at("inspection_save", row), record(row, revision=1, there_way="glass", there_strokes=strokes))

    assert (kept.way, kept.strokes) == ("glass", [[[1, 2], [1000, 0]]])
    assert broken.status_code == 302
    assert InspectionSignature.objects.get(inspection=row, officer=None).strokes == [[[1, 2]]]


def test_a_third_inspector_does_not_write_into_it():
    case, row = ordered()
    one, two, third = (ways.of_department("inspector", case) for _ in range(3))
    row = services.plan_inspection(
        row, officer=one, at=timezone.now() + datetime.timedelta(days=1), first=one, second=two
    )

    with pytest.raises(NotAllowed) as refused:
        services.note_inspection(row, officer=third, said=ways.SEEN, revision=0)

    assert refused.value.code == "other-inspectors"


def test_what_is_done_is_not_changed_any_more():
    case, row = ordered()
    one = ways.of_department("inspector", case)
    ways.inspect(case, one)

    with pytest.raises(NotAllowed):
        services.note_inspection(row, officer=one, said=ways.SEEN | {"record": "Other."}, revision=9)
    with pytest.raises(NotAllowed):
        services.add_photo(row, officer=one, file=picture(), key="late")


# -- public notices


def published(**elements) -> tuple[Case, object]:
    matter = ways.matter_with_everything(**elements)
    case = ways.bring("public_notice", matter)
    return case, case.public_notices.get()


def test_anybody_reads_a_notice_and_whoever_signs_in_objects_until_the_last_day(client):
    case, notice = published()
    listed = client.get("/notices/").content.decode()
    read = client.get(f"/notices/{notice.ref}/").content.decode()
    neighbour = make.account(login="neighbour")
    enter(client, neighbour)

    short = client.post(f"/notices/{notice.ref}/object", {"text": "no"})
    client.post(f"/notices/{notice.ref}/object", {"text": "The kitchen faces our bedroom."})
    client.post(f"/notices/{notice.ref}/object", {"text": "The kitchen faces our bedroom, and it is loud."})
    ways.work()

    assert notice.ref in listed and "for seven days" in read and "Sign in to object" in read
    assert (
        case.applicant.name not in read
    )  # what stands in a notice is written by the department, not taken from the case
    assert short.status_code == 422
    assert PublicObjection.objects.get().text.endswith("it is loud.")
    assert Message.objects.filter(party=case.applicant, kind="notice_objected").exists()
    enter(client, ways.of_department("dept_reviewer", case).account)
    desk = client.get(f"/office/cases/{case.ref}/").content.decode()
    assert "Published for objections" in desk and "1 objection came." in desk and f"/notices/{notice.ref}/" in desk


def test_nobody_decides_before_every_objection_has_its_answer(client):
    case, notice = published()
    neighbour = make.account(login="n")
    objection = services.object_to(
        notice, account=neighbour, party=neighbour.person, text="The kitchen faces our bedroom."
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "tongban.cases.services.publishing.clocks.local_day", lambda moment: notice.until.replace(year=2099)
        )
        services.notice_over(case, now=timezone.now())
    reviewer, approver = ways.of_department("dept_reviewer", case), ways.of_department("dept_approver", case)
    services.conclude(case, officer=reviewer, proposal="approve", opinion="In order.")

    with pytest.raises(NotAllowed) as waiting:
        services.approve(case, officer=approver)
    enter(client, reviewer.account)
    where = f"/office/cases/{case.ref}/objections/{objection.pk}"
    empty = client.post(where, {"answer": "", "followed": ""})
    client.post(where, {"answer": "The kitchen gets a silencer.", "followed": "yes"})
    twice = client.post(where, {"answer": "And another one, later.", "followed": "no"})
    ways.work()
    decided = services.approve(case, officer=approver)

    assert waiting.value.code == "objections-open"
    assert empty.status_code == 422
    assert f'aria-describedby="objection-{objection.pk}-error"' in empty.content.decode()
    objection.refresh_from_db()
    assert (objection.answer, objection.followed) == ("The kitchen gets a silencer.", True)
    assert twice.status_code == 409 or "answered already" in twice.content.decode()
    assert decided.state == "approved"
    assert "收到异议1件，均已书面答复，其中采纳1件" in str(case.documents.get(kind="decision").content)
    assert Message.objects.filter(kind="objection_answered").exists()


def test_nobody_objects_to_the_own_application_or_after_the_last_day():
    case, notice = published()
    with pytest.raises(NotAllowed) as own:
        services.object_to(notice, account=case.account, party=case.applicant, text="I object to myself.")
    type(notice).objects.filter(pk=notice.pk).update(until=timezone.localdate() - datetime.timedelta(days=1))
    with pytest.raises(NotAllowed) as late:
        services.object_to(
            notice, account=make.account(login="n"), party=make.person("邻居甲"), text="Too late, I know."
        )

    assert (own.value.code, late.value.code) == ("own-notice", "notice-over")


def test_the_applicant_reads_what_was_objected_and_not_by_whom(client):
    case, notice = published()
    neighbour = make.person("邻居甲")
    services.object_to(notice, account=make.account(login="n"), party=neighbour, text="The kitchen faces our bedroom.")
    enter(client, case.account)

    page = client.get(f"/my/cases/{case.ref}/").content.decode()

    assert "The kitchen faces our bedroom." in page and "邻居甲" not in page


def test_a_notice_says_what_its_days_are(client):
    with_days_off = client.get(
        f"/notices/{published(notice_days=7, notice_unit='calendar_day')[1].ref}/"
    ).content.decode()
    working = client.get(f"/notices/{published(notice_days=7)[1].ref}/").content.decode()

    assert "Days off count too" in with_days_off and "Working days" not in with_days_off
    assert "Working days" in working and "Days off count too" not in working


def test_the_days_of_a_notice_are_the_matters_own():
    case, notice = published(notice_days=2)

    assert notice.days == 2


def test_a_promise_that_was_granted_puts_its_check_on_the_list():
    case = make.case("under_review")
    row = services.platform_order(case, why="", kind="promise", now=timezone.now())
    again = services.platform_order(case, why="", kind="promise", now=timezone.now())

    assert row.pk == again.pk and row.kind == "promise"


def test_a_case_that_waits_for_an_inspection_without_one_gets_it():
    case, row = ordered()
    row.delete()

    assert keeping_time.list_inspections() == 1
    assert keeping_time.list_inspections() == 0
    assert case.inspections.get().kind == "site"
