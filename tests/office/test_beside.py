"""Beside the applicant: their page next to ours, the telephone, and paper by post with the day it arrived."""

import io
import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from tests import doors, make
from tests.office.desks import at_the_desk, matter, officer_for, work
from tongban.cases import services
from tongban.cases.models import Case, CaseMaterial, PhoneNote, PostedPaper
from tongban.journal.models import Event, ReadEntry
from tongban.lib.problems import Invalid, NotAllowed
from tongban.parties import rules

pytestmark = pytest.mark.django_db

NUMBER = "990000199207080045"


@pytest.fixture
def officer():
    return officer_for("window_officer")


@pytest.fixture
def window(officer):
    return at_the_desk(officer)


def person(number=NUMBER):
    return make.person(id_no=number, id_index=rules.index_of("id_card", rules.check_number("id_card", number)))


def scan(name="scan.jpg"):
    picture = io.BytesIO()
    Image.new("RGB", (300, 400), "#eee8dd").save(picture, "JPEG")
    picture.seek(0)
    picture.name = name
    return picture


# -- their page


def test_their_page_is_the_page_they_have_and_nothing_in_it_can_be_pressed(window):
    case = make.case("received", matter())
    home = doors.enter(Client(), case.account)
    home.cookies["language"] = "zh-hans"
    theirs = window.get(f"/office/cases/{case.ref}/their-page/")
    ours = home.get(f"/my/cases/{case.ref}/").content.decode()

    def said(html):
        text = re.sub(
            r"<(script|style|template).*?</\1>", "", html.split("<main", 1)[1].split("</main>", 1)[0], flags=re.S
        )
        return [line.strip() for line in re.sub(r"<[^>]+>", "\n", text).split("\n") if line.strip()]

    page = theirs.content.decode()
    assert said(page) == said(ours)
    assert not re.search(r"<a\b[^>]*\shref=", page)
    assert not re.search(r"<(button|input|select|textarea)\b(?![^>]*disabled)", page)
    assert theirs.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in theirs.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in window.get(f"/office/cases/{case.ref}/").headers["Content-Security-Policy"]


def test_their_page_speaks_their_language_and_ours_ours(window):
    account = make.account(language="en")
    case = make.case("received", matter(), account_=account)
    window.cookies["language"] = "zh-hans"

    assert '<html lang="en"' in window.get(f"/office/cases/{case.ref}/their-page/").content.decode()
    assert '<html lang="zh-Hans"' in window.get(f"/office/cases/{case.ref}/beside/").content.decode()


def test_looking_beside_is_a_read_that_they_see(window, officer):
    case = make.case("received", matter())
    window.get(f"/office/cases/{case.ref}/beside/")

    assert ReadEntry.objects.filter(of_party=case.applicant_id, purpose="beside you", about=case.subject).count() == 1


def test_on_the_telephone_the_officer_sees_at_which_step_they_are(window):
    case = make.case("correction_requested", matter())
    home = doors.enter(Client(), case.account)
    before = window.get(f"/office/cases/{case.ref}/beside/").content.decode()
    home.get(f"/apply/{case.ref}/form/")
    after = window.get(f"/office/cases/{case.ref}/beside/").content.decode()

    assert ("“填表”" in before, "“填表”" in after) == (False, True), re.findall(r'role="status">([^<]+)', after)


def test_covered_values_stay_covered_beside(window):
    form = [
        *make.SMALL_FORM,
        {"id": "id_no", "zh": "号码", "en": "Number", "type": "id_number", "prefill": "user.id_no"},
    ]
    case = make.case("received", matter(form=form), account_=make.account(person()))

    assert NUMBER not in window.get(f"/office/cases/{case.ref}/beside/").content.decode()


def answers_on(html):
    """What stands in the questions of a page."""
    found = {}
    for tag in re.findall(r"<(?:input|select|textarea)\b[^>]*>", html.split("<main", 1)[1]):
        name = re.search(r'\bname="([^"]+)"', tag)
        if name and 'type="hidden"' not in tag:
            value = re.search(r'\bvalue="([^"]*)"', tag)
            found[name.group(1)] = value.group(1) if value else ""
    return found


def given_back(*fields, **more):
    case = make.case("received", matter(), **more)
    points = [{"field": field, "text": f"Please look at {field} again."} for field in fields]
    return services.request_correction(case, points, officer=officer_for("window_officer"))


def test_given_back_their_page_is_the_form_they_correct_with_the_same_questions_and_words(window):
    case = given_back("reason")
    home = doors.enter(Client(), case.account)
    home.cookies["language"] = "zh-hans"
    ours = home.get(f"/apply/{case.ref}/form/").content.decode()
    theirs = window.get(f"/office/cases/{case.ref}/their-page/").content.decode()

    assert "reason" in answers_on(theirs) and answers_on(theirs) == answers_on(ours)
    assert "Please look at reason again." in ours and theirs.count("Please look at reason again.") == ours.count(
        "Please look at reason again."
    )
    assert not re.search(r"<(button|input|select|textarea)\b(?![^>]*disabled)", theirs)
    assert not re.search(r"<a\b[^>]*\shref=", theirs)


def test_what_they_change_in_the_form_stands_beside_at_the_next_look(window):
    case = given_back("reason")
    before = answers_on(window.get(f"/office/cases/{case.ref}/their-page/").content.decode())
    services.save(case, {"reason": "tourism"}, revision=case.revision, account=case.account, step="form")
    page = window.get(f"/office/cases/{case.ref}/their-page/").content.decode()

    assert before and "tourism" in page


def test_in_the_elderly_edition_the_way_in_leads_to_the_page_with_what_is_marked(window):
    more = [{"id": f"more{n}", "zh": f"其他{n}", "en": f"More {n}", "type": "text"} for n in range(4)]
    case = make.case("received", matter(form=[*make.SMALL_FORM, *more]))
    services.request_correction(case, [{"field": "more3", "text": "Look."}], officer=officer_for("window_officer"))
    home = doors.enter(Client(), case.account)
    home.cookies["edition"] = "elderly"

    assert "more3" in answers_on(home.get(f"/apply/{case.ref}/form/").content.decode())
    assert "more3" not in answers_on(home.get(f"/apply/{case.ref}/form/?part=1").content.decode())  # the control


def test_the_page_of_the_case_is_one_touch_away_and_before_it_is_given_back_there_is_no_form(window):
    case = given_back("reason")
    beside = window.get(f"/office/cases/{case.ref}/beside/").content.decode()
    whole = window.get(f"/office/cases/{case.ref}/their-page/?page=case").content.decode()
    other = make.case("received", matter())

    assert 'href="?page=case"' in beside
    assert 'name="revision"' not in whole and case.number in whole
    assert 'name="revision"' not in window.get(f"/office/cases/{other.ref}/their-page/").content.decode()


def test_numbers_are_covered_in_their_form_too(window):
    form = [
        *make.SMALL_FORM,
        {"id": "id_no", "zh": "号码", "en": "Number", "type": "id_number", "prefill": "user.id_no"},
    ]
    case = make.case("received", matter(form=form), account_=make.account(person()))
    services.request_correction(
        case, [{"field": "id_no", "text": "Please look again."}], officer=officer_for("window_officer")
    )
    page = window.get(f"/office/cases/{case.ref}/their-page/").content.decode()

    assert "Please look again." in page and NUMBER not in page and "0045" in page


# -- the telephone


def test_a_call_is_noted_and_both_sides_read_it(window, officer):
    case = make.case("received", matter())
    given = {"caller": "applicant", "text": "Asked whether a copy is enough.", "next_step": "We look until Friday."}
    answer = window.post(f"/office/cases/{case.ref}/call/", given)

    assert answer.headers["Location"] == f"/office/cases/{case.ref}/#calls"
    home = doors.enter(Client(), case.account).get(f"/my/cases/{case.ref}/").content.decode()
    desk = window.get(f"/office/cases/{case.ref}/").content.decode()
    for page in (home, desk):
        assert "Asked whether a copy is enough." in page and "We look until Friday." in page
    assert Event.objects.filter(kind="CallNoted", subject=case.subject).count() == 1


def test_a_call_without_words_or_caller_says_what_is_missing_and_keeps_the_rest(window):
    case = make.case("received", matter())
    answer = window.post(f"/office/cases/{case.ref}/call/", {"next_step": "call back"})

    assert (answer.status_code, PhoneNote.objects.count()) == (422, 0)
    assert "call back" in answer.content.decode()


def test_who_only_reads_notes_nothing():
    case = make.case("received", matter())
    answer = at_the_desk(officer_for("auditor")).post(
        f"/office/cases/{case.ref}/call/", {"caller": "office", "text": "x"}
    )

    assert (answer.status_code, PhoneNote.objects.count()) == (403, 0)


# -- the post


def posted(window, of, **more):
    given = {
        "matter": of.slug, "id_kind": "id_card", "id_no": NUMBER, "compared": "1", "kept_at": "post binder 3",
        "received_on": timezone.localdate().isoformat(), **more,
    }  # fmt: skip
    return window.post("/office/post/", given)


def typed_in(window, ref):
    page = window.get(f"/office/window/drafts/{ref}/form/").content.decode()
    revision = re.search(r'name="revision" value="(\d+)"', page)[1]
    window.post(
        f"/office/window/drafts/{ref}/form/",
        {"reason": "as written", "delivery": "pickup", "truth": "on", "revision": revision},
    )


def test_a_posted_application_counts_from_the_day_it_arrived(window, officer):
    who, of = person(), matter()
    make.account(who)
    arrived = timezone.localdate() - timedelta(days=3)
    answer = posted(window, of, received_on=arrived.isoformat())
    case = Case.objects.get(ref=answer.headers["Location"].split("/")[-2])
    typed_in(window, case.ref)
    window.post(f"/office/window/drafts/{case.ref}/hand-in")

    case.refresh_from_db()
    paper = case.posted.get()
    assert (case.state, case.channel, case.received_on, case.signed_how, case.paper_kept) == (
        "received", "post", arrived, "paper", "post binder 3",
    )  # fmt: skip
    assert (paper.what, paper.officer_id, paper.received_on) == ("application", officer.pk, arrived)
    assert case.clocks.get(kind="acceptance").started_on == arrived
    assert (
        case.documents.get(kind="materials_receipt")
        .content["paragraphs"][0]["en"]
        .startswith("Your papers have arrived")
    )
    home = doors.enter(Client(), who.account).get(f"/my/cases/{case.ref}/").content.decode()
    assert str(arrived.day) in home
    work()


@pytest.mark.parametrize(
    "wrong", [{"kept_at": ""}, {"received_on": ""}, {"received_on": "2999-01-01"}, {"compared": ""}]
)
def test_without_day_place_and_comparison_nothing_is_registered(window, wrong):
    person()
    answer = posted(window, matter(), **wrong)

    assert (answer.status_code, Case.objects.count()) == (422, 0)


def test_a_posted_draft_opens_for_the_officer_who_registered_it_alone(window):
    person()
    ref = posted(window, matter()).headers["Location"].split("/")[-2]
    other = at_the_desk(officer_for("window_officer"))

    assert window.get(f"/office/window/drafts/{ref}/form/").status_code == 200
    assert other.get(f"/office/window/drafts/{ref}/form/").status_code == 404


def test_nobody_registers_their_own_application():
    who = person()
    officer = make.officer("window_officer", of=make.department("DSO"), person=who)
    answer = posted(at_the_desk(officer), matter())

    assert (answer.status_code in {403, 409}, Case.objects.count()) == (True, 0)


def test_a_correction_by_post_is_the_applicants_move_and_the_clock_begins_on_the_day_it_arrived(window, officer):
    case = make.case("correction_requested", matter())
    finding = case.findings.get()
    arrived = timezone.localdate() - timedelta(days=1)
    answer = window.post(
        f"/office/cases/{case.ref}/post/",
        {
            "received_on": arrived.isoformat(),
            "kept_at": "binder 4",
            "reason": "much longer now",
            f"answered-{finding.pk}": "1",
        },
    )

    assert answer.status_code == 302, re.findall(r"<li>([^<]+)</li>", answer.content.decode())
    case.refresh_from_db()
    step = case.steps.get(move="correct")
    assert (case.state, case.value("reason"), step.role, step.officer_id) == (
        "received", "much longer now", "applicant", officer.pk,
    )  # fmt: skip
    running = case.clocks.get(kind="acceptance", stopped_on__isnull=True)
    assert (running.started_on, case.clocks.get(kind="applicant_correction").kept) == (arrived, True)
    event = Event.objects.get(kind="CaseCorrected", subject=case.subject)
    assert (event.actor_kind, event.actor) == ("officer", officer.account_id)
    assert case.posted.get().what == "correction"


def test_a_correction_with_open_points_stays_where_it_is(window):
    case = make.case("correction_requested", matter())
    make.material_type("lease")
    answer = window.post(
        f"/office/cases/{case.ref}/post/",
        {"received_on": timezone.localdate().isoformat(), "kept_at": "binder 4", "reason": case.value("reason")},
    )

    assert (answer.status_code, Case.objects.get(pk=case.pk).state, PostedPaper.objects.count()) == (
        409,
        "correction_requested",
        0,
    )


def test_a_scanned_correction_goes_through_the_gate(window, officer, settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path
    make.material_type("lease")
    case = make.case("received", matter(requirements=[{"material": "lease", "required": False}]))
    case = services.request_correction(case, [{"material": "lease", "text": "unreadable"}], officer=officer)
    answer = window.post(
        f"/office/cases/{case.ref}/post/",
        {"received_on": timezone.localdate().isoformat(), "kept_at": "binder 4", "file-lease": scan()},
    )

    assert answer.status_code == 302
    row = CaseMaterial.objects.get(case=case)
    assert (row.how, row.trust, row.document.state, Case.objects.get(pk=case.pk).state) == (
        "upload",
        "B",
        "handed_in",
        "received",
    )


def test_a_further_paper_lies_in_the_case_and_its_pages_open_for_the_office(window, settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path
    case = make.case("received", matter())
    window.post(
        f"/office/cases/{case.ref}/post/",
        {"received_on": timezone.localdate().isoformat(), "kept_at": "shelf 9x", "file": scan()},
    )

    paper = case.posted.get()
    assert (paper.what, paper.kept_at) == ("paper", "shelf 9x")
    assert window.get(reverse("office:page", args=[case.ref, paper.document.pages.get().pk])).status_code == 200
    home = doors.enter(Client(), case.account).get(f"/my/cases/{case.ref}/").content.decode()
    assert "shelf 9x" not in home and 'aria-labelledby="hands"' in home


def test_no_other_role_makes_the_applicants_move():
    case = make.case("correction_requested", matter())
    for role in ("dept_reviewer", "pre_reviewer", "coordinator"):
        with pytest.raises(NotAllowed):
            services.correct_by_post(case, officer=officer_for(role), received_on=timezone.localdate(), kept_at="x")


def test_a_day_long_ago_is_a_slip_of_the_pen(officer):
    case = make.case("received", matter())
    with pytest.raises(Invalid):
        services.register_paper(case, officer=officer, received_on=date(2020, 1, 1), kept_at="x")
