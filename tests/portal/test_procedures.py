"""What runs beside an application, for its applicant: each thing with its day and what comes next, and nothing of another's."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from tests import doors, make
from tests.cases import ways
from tongban.cases import clocks, services
from tongban.cases.models import Case, CaseMaterial
from tongban.channels.pages import beside_case
from tongban.channels.pages.templatetags.tongban import weekday
from tongban.matters.commitment import HEALTH, WORDS
from tongban.matters.models import Matter

pytestmark = pytest.mark.django_db

POINTS = [{"field": "reason", "text": "too short"}, {"field": "delivery", "text": "say which"}]


def at_home(case) -> Client:
    client = Client()
    doors.enter(client, case.account, present=True)
    return client


def test_points_are_answered_one_by_one_and_what_is_not_marked_is_not_asked():
    case = services.request_correction(
        make.case("received"), POINTS, officer=ways.hall("window_officer"), only_marked=True
    )
    client = at_home(case)
    form = client.get(reverse("portal:apply_form", args=[case.ref])).content.decode()
    assert 'name="reason"' in form and 'name="truth"' not in form

    point = case.findings.get(field="delivery")
    client.post(reverse("portal:apply_answer", args=[case.ref, point.pk]), {"answer": "it is right", "next": "form"})

    page = client.get(reverse("portal:apply_form", args=[case.ref])).content.decode()
    assert '<progress max="2" value="1"' in page
    assert "it is right" in page


def test_what_is_locked_stays_whatever_is_sent():
    case = make.case("received")
    wanted = CaseMaterial.objects.create(case=case, type=make.material_type(), how="upload", required=True,
                                         document=make.document(case.applicant, by=case.account))  # fmt: skip
    case = services.request_correction(case, POINTS[:1], officer=ways.hall("window_officer"), only_marked=True)
    client = at_home(case)
    papers = client.get(reverse("portal:apply_materials", args=[case.ref])).content.decode()
    assert reverse("portal:apply_material", args=[case.ref, wanted.type.slug]) not in papers

    client.post(
        reverse("portal:apply_form", args=[case.ref]),
        {"revision": case.revision, "tab": "t", "reason": "work at a shop", "delivery": "pickup", "truth": "on"},
    )

    case.refresh_from_db()
    assert (case.value("reason"), case.value("delivery"), case.value("truth")) == ("work at a shop", "e_licence", True)


def test_what_staff_changed_is_shown_with_before_and_after_and_undone():
    case = make.case("received")
    change = services.change_answer(
        case, "reason", {"reason": "works"}, officer=ways.hall("window_officer"), reason="a slip of the pen"
    )
    client = at_home(case)

    page = client.get(reverse("portal:case", args=[case.ref])).content.decode()
    assert "<del>work</del>" in page and "<ins>works</ins>" in page and "a slip of the pen" in page
    client.post(reverse("portal:case_undo", args=[case.ref, change.pk]))

    assert Case.objects.get(pk=case.pk).value("reason") == "work"
    assert (
        at_home(make.case("received")).post(reverse("portal:case_undo", args=[case.ref, change.pk])).status_code == 404
    )


def test_a_form_that_asks_for_a_promise_says_on_its_cards_what_each_answer_means():
    """What it makes faster and what a false one costs; to whom it is closed, that is said instead."""
    asked = [{"id": "commit", "zh": "采用告知承诺", "en": "Promise", "type": "boolean", "required": True}]
    case = make.draft(make.matter(form=asked, commitment=True, promised_days=12))
    client = at_home(case)
    at = reverse("portal:apply_form", args=[case.ref])
    means = [str(one["hint"]) for one in beside_case.meant(case)["commit"]["options"]]
    open_to_all = client.get(at).content.decode()
    Matter.objects.filter(pk=case.matter_id).update(slug="clinic-filing")

    closed = beside_case.meant(Case.objects.get(pk=case.pk))["commit"]

    assert all(said and said in open_to_all for said in means)
    assert "12" in means[0] and 'name="commit"' in open_to_all
    assert str(WORDS[HEALTH]) in closed["hint"] and closed["hint"] in client.get(at).content.decode()


def test_a_promise_is_read_chosen_and_signed_beside_the_application():
    case = make.draft(make.matter(commitment=True))
    client = at_home(case)
    assert (
        reverse("portal:apply_promise", args=[case.ref])
        in client.get(reverse("portal:apply_check", args=[case.ref])).content.decode()
    )
    client.post(reverse("portal:apply_promise", args=[case.ref]), {"choose": "1"})
    day = clocks.expected(case, sent=timezone.now())["promised"].day
    last = client.get(reverse("portal:apply_check", args=[case.ref])).content.decode()
    said = "%(n)s working day after acceptance, on your promise", "%(n)s working days after acceptance, on your promise"
    assert weekday(day) in last and ngettext(*said, 1) % {"n": 1} in last

    unsigned = client.post(reverse("portal:apply_submit", args=[case.ref]), {"sign": "1", "key": "k"})
    assert unsigned.status_code == 422
    assert Case.objects.get(pk=case.pk).state == "draft"
    client.post(reverse("portal:apply_submit", args=[case.ref]), {"sign": "1", "promise": "1", "key": "k"})

    case = Case.objects.get(pk=case.pk)
    assert (case.state != "draft", case.committed, case.promise.state) == (True, True, "signed")


def test_a_hearing_is_asked_for_on_the_page_of_the_case():
    case = make.case("under_review")
    row = services.offer_hearing(
        case, officer=ways.of_department("dept_reviewer", case), reason="too near a school", ground="Art. 7"
    )
    client = at_home(case)
    page = client.get(reverse("portal:case", args=[case.ref])).content.decode()
    assert "too near a school" in page and 'name="wish"' in page
    absent = Client()
    doors.enter(absent, case.account)  # not shown lately that it is them: nothing is typed that a detour would lose
    page = absent.get(reverse("portal:case", args=[case.ref])).content.decode()
    assert "too near a school" in page and 'name="wish"' not in page and "/account/presence/?next=" in page

    client.post(reverse("portal:case_hearing", args=[case.ref, row.pk]), {"ask": "1", "wish": "I bring a plan"})

    row.refresh_from_db()
    assert (row.state, row.wish) == ("asked", "I bring a plan")


def test_reconsideration_is_asked_for_and_what_came_of_it_is_shown():
    case = ways.bring("refused")
    client = at_home(case)
    where = reverse("portal:case_appeal", args=[case.ref])
    assert client.post(where, {"wish": "no"}).status_code == 422
    client.post(where, {"wish": "the area was measured wrongly"})

    services.judge(
        case.appeals.get(), officer=ways.hall("coordinator"), outcome="changed", reason="it was measured wrongly"
    )

    page = client.get(where).content.decode()
    assert reverse("portal:apply", args=[case.appeals.get().anew.ref]) in page
    assert at_home(ways.bring("refused")).get(where).status_code == 404


def test_where_only_papers_are_marked_one_goes_on_at_the_papers():
    make.material_type("lease")
    matter = make.matter(requirements=[{"material": "lease", "required": False, "exempt": "none"}])
    both = [{"material": "lease", "text": "it has ended"}, {"field": "reason", "text": "too short"}]

    for points, step in ((both[:1], "materials"), (both, "form")):
        case = make.case("received", matter)
        services.request_correction(case, points, officer=ways.hall("window_officer"))
        answer = at_home(case).get(reverse("portal:apply", args=[case.ref]))
        assert answer.headers["Location"] == f"/apply/{case.ref}/{step}/"
