"""Applications that look like one: what the desk is shown of them, side by side, and what an officer may make of it."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import doors, make
from tests.cases import ways
from tongban.cases import alike, services
from tongban.cases.models import Alike, Case
from tongban.cases.services import comparing
from tongban.journal.models import ReadEntry
from tongban.lib.problems import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

FORM = [
    *make.SMALL_FORM,
    {"id": "shop", "zh": "经营场所", "en": "Premises", "type": "address"},
    {"id": "owner_no", "zh": "房主证件号", "en": "Number of the owner", "type": "id_number"},
]  # fmt: skip


def sent(matter, account, state="received", **answers) -> Case:
    return make.case(state, matter, account_=account, answers={**make.SMALL_ANSWERS, **answers})


def entering(officer) -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    doors.enter(client, officer.account, second_factor=True)
    return client


def paper(case: Case, digest: str) -> None:
    document = make.document(case.applicant, by=case.account)
    document.pages.update(sha256=digest)
    case.materials.create(type=make.material_type("lease"), how="upload", document=document)


def words(response) -> str:
    text = re.sub(r"<script.*?</script>|<[^>]+>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(text.split())


def test_what_looks_alike_is_found_by_applicant_by_place_and_by_paper():
    matter, other = make.matter(form=FORM), make.matter(department=make.department("HRB"))
    mine, theirs = make.account(), make.account()
    window = ways.hall("window_officer")
    before = sent(matter, mine, shop="示范路 18 号")
    there = sent(matter, theirs, shop="示范路18号")
    abroad = make.case("received", other, account_=theirs)
    make.case("received", matter, account_=make.account(), answers={**make.SMALL_ANSWERS, "shop": "示范路19号"})
    case = sent(matter, mine, shop="示范路18号")
    for one in (case, abroad):
        paper(one, "a" * 64)

    found = {one.case.pk: one for one in alike.of(case, window)}

    assert set(found) == {before.pk, there.pk, abroad.pk}
    assert (found[before.pk].applicant, found[before.pk].fields) == (True, ["shop"])
    assert (found[there.pk].applicant, found[there.pk].fields, found[there.pk].papers) == (False, ["shop"], [])
    assert [one["en"] for one in found[abroad.pk].papers] == ["Lease"]


def test_the_same_paper_of_one_person_in_two_applications_is_no_sign_of_anything():
    matter, account = make.matter(), make.account()
    case, again = (make.case("received", matter, account_=account) for _number in range(2))
    for one in (case, again):
        paper(one, "a" * 64)

    found = alike.of(case, ways.hall("window_officer"))

    assert [(one.case.pk, one.applicant, one.papers) for one in found] == [(again.pk, True, [])]


def test_a_sheet_that_very_many_hand_in_is_a_form_and_no_sign():
    matter = make.matter()
    cases = [make.case("received", matter) for _number in range(alike.AT_MOST + 2)]
    for one in cases:
        paper(one, "d" * 64)

    assert alike.of(cases[0], ways.hall("window_officer")) == []


def test_of_what_an_officer_may_not_see_only_number_department_and_state_are_said():
    matter, account = make.matter(form=FORM), make.account()
    elsewhere = make.matter(department=make.department("HRB"), name={"zh": "密事", "en": "Secret matter"})
    case = sent(matter, account, "under_review")
    other = make.case("received", elsewhere, account_=make.account(make.person("王不见")))
    for one in (case, other):
        paper(one, "b" * 64)
    client = entering(make.officer("dept_reviewer", of=matter.department))

    page = client.get(reverse("office:case", args=[case.ref]))

    said = words(page)
    assert f"{other.number} HRB Bureau Received" in said
    assert "“Lease”: the same file, from another applicant" in said
    assert "Secret matter" not in said and "王不见" not in said and other.ref not in page.content.decode()
    assert client.get(reverse("office:side_by_side", args=[case.ref, other.ref])).status_code == 404


def test_side_by_side_marks_what_differs_covers_numbers_and_writes_down_both_looks():
    matter, account = make.matter(form=FORM), make.account()
    number = "990000194912310026"
    one = sent(matter, account, shop="示范路18号", owner_no=number, reason="work")
    two = sent(matter, account, shop="示范路20号", owner_no=number, reason="work")
    client = entering(ways.hall("window_officer"))
    before = ReadEntry.objects.count()

    page = client.get(reverse("office:side_by_side", args=[two.ref, one.ref]))

    text = page.content.decode()
    rows = {row.label["en"]: (row.left, row.right, row.differs) for row in page.context["answers"]}
    assert rows["Premises"] == ("示范路18号", "示范路20号", True)
    assert rows["Reason"] == ("work", "work", False)
    assert rows["Number of the owner"][2] is False and number not in text
    assert page.context["earlier"].pk == one.pk
    assert {entry.about for entry in ReadEntry.objects.order_by("-pk")[: ReadEntry.objects.count() - before]} >= {
        one.subject, two.subject,
    }  # fmt: skip


def test_a_duplicate_is_closed_with_a_letter_and_the_first_goes_on():
    matter, account = make.matter(), make.account()
    first, second = (make.case("received", matter, account_=account) for _number in range(2))
    client = entering(ways.hall("window_officer"))

    answer = client.post(
        reverse("office:side_by_side", args=[second.ref, first.ref]), {"verdict": "duplicate", "reason": "sent twice"}
    )

    assert answer.status_code == 302
    first.refresh_from_db(), second.refresh_from_db()
    assert (first.state, second.state, second.decision) == ("received", "not_accepted", "not_accepted")
    letter = second.documents.get(kind="non_acceptance").content
    said = " ".join(paragraph["en"] for paragraph in letter["paragraphs"])
    assert first.number in said and "sent twice" in said
    assert Alike.objects.get().duplicate is True
    ways.work()
    assert account.messages.filter(about=second.subject, kind="case_not_accepted").count() == 1


def test_under_review_only_whoever_decides_closes_it():
    matter, account = make.matter(), make.account()
    first, second = (make.case("under_review", matter, account_=account) for _number in range(2))

    with pytest.raises(NotAllowed):
        comparing.is_duplicate(first, second, officer=ways.hall("window_officer"))
    assert Alike.objects.count() == 0
    comparing.is_duplicate(first, second, officer=make.officer("dept_approver", of=matter.department))

    second.refresh_from_db()
    assert second.state == "terminated"


def test_the_earlier_one_is_never_the_duplicate_nor_somebody_elses_nor_of_one_that_is_over():
    matter, account = make.matter(), make.account()
    window = ways.hall("window_officer")
    first, second = (make.case("received", matter, account_=account) for _number in range(2))
    stranger = make.case("received", matter)

    assert comparing.why_not(first, stranger) == "other-applicant"
    assert comparing.why_not(first, make.case("received", account_=account)) == "other-matter"
    assert comparing.why_not(first, make.submitted(matter, account_=account)) == "not-now"
    with pytest.raises(NotAllowed):
        comparing.is_duplicate(second, first, officer=window)
    services.withdraw(first, account=account)
    with pytest.raises(NotAllowed) as over:
        comparing.is_duplicate(first, second, officer=window)
    assert over.value.code == "first-is-over"
    assert Case.objects.get(pk=second.pk).state == "received"


def test_not_a_duplicate_is_remembered_with_who_said_so():
    matter, account = make.matter(), make.account()
    first, second = (make.case("received", matter, account_=account) for _number in range(2))
    window = ways.hall("window_officer")
    client = entering(window)

    client.post(reverse("office:side_by_side", args=[second.ref, first.ref]), {"verdict": "different"})

    page = client.get(reverse("office:case", args=[second.ref]))
    assert f"judged: not a duplicate, {window.shown_name}" in words(page)
    assert {Case.objects.get(pk=one.pk).state for one in (first, second)} == {"received"}


def test_whoever_only_reads_judges_nothing_and_nobody_their_own():
    matter, account = make.matter(), make.account()
    first, second = (make.case("received", matter, account_=account) for _number in range(2))
    own = ways.hall("window_officer")
    type(own.account).objects.filter(pk=own.account_id).update(person=make.person())
    own.account.refresh_from_db()
    Case.objects.filter(pk__in=[first.pk, second.pk]).update(applicant=own.account.person_id)
    first.refresh_from_db(), second.refresh_from_db()

    for officer in (own, ways.hall("auditor")):
        for act in (comparing.is_different, comparing.is_duplicate):
            with pytest.raises(NotAllowed):
                act(first, second, officer=officer)
    assert Alike.objects.count() == 0


def test_looking_for_what_is_alike_costs_the_same_for_one_and_for_many():
    matter, account = make.matter(form=FORM), make.account()
    window = ways.hall("window_officer")
    case = sent(matter, account, shop="示范路18号")
    paper(case, "c" * 64)
    counts = []
    for _number in range(2):
        for _more in range(2):
            other = sent(matter, make.account(), shop="示范路18号")
            paper(other, "c" * 64)
        with CaptureQueriesContext(connection) as asked:
            alike.of(case, window)
        counts.append(len(asked))

    assert counts[0] == counts[1] <= 12
