"""The machine grants when every rule holds and passes everything else to people. It never refuses."""

import re
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from tests import make
from tests.cases import ways
from tongban.cases import facts, services, turned_back
from tongban.cases.models import Case
from tongban.cases.services import machine
from tongban.journal.models import Event, Job
from tongban.lib import yamls
from tongban.lib.rules import from_conditions

pytestmark = pytest.mark.django_db

RULES = {
    row["matter"]: from_conditions(row["pass_when"])
    for row in yamls.read(Path(__file__).resolve().parents[2] / "demo/forms.yaml")["auto_rules"]
}

# facts under which everything holds; then, each by itself, the changes under which it does not
GOOD = {
    "residence-permit-endorse": {"licence.residence-permit.state": "valid", "days_to_expiry": 20, "form.unchanged": True},
    "residence-permit-first": {
        "months_registered": 6, "face_match": 0.8, "employment.active": True, "student.enrolled": False,
        "housing.proved": False,
    },
    "resumption-of-work": {
        "venue_code.state": "active", "staff.count": 3, "staff.oldest_test_hours": 48, "staff.any_red_or_yellow": False,
        "staff.any_positive": False, "commitment.signed": True, "area.sealed": False,
    },
    "home-quarantine-cert": {
        "quarantine.from": "2026-11-18", "quarantine.to": "2026-11-25", "form.from": "2026-11-18", "form.to": "2026-11-25",
    },
    "travel-cert": {
        "test.result": "negative", "test.hours": 48, "travel.days_ahead": 2, "health.colour": "blue", "area.sealed": False,
    },
    "senior-allowance": {"age": 65, "hukou_in_city": True, "bank.verified": True},
    "food-licence-renew": {"licence.food-licence.state": "valid", "open_penalties": 0, "commitment.signed": True},
    "nurse-change": {
        "licence.nurse-cert.state": "valid", "ocr.employer_letter.seal_present": True,
        "ocr.employer_letter.name": "张示范", "form.name": "张示范",
    },
    "sole-prop-cancel": {"tax.cleared": True, "open_penalties": 0},
    "vat-refund": {"tax.credit_class": "B", "tax.fraud_36m": False, "tax.vat_credit": 1, "amount": 1_000_000},
}  # fmt: skip
BAD = {
    "residence-permit-endorse": [
        {"licence.residence-permit.state": "expired"}, {"days_to_expiry": 31}, {"form.unchanged": False},
    ],
    "residence-permit-first": [{"months_registered": 5}, {"face_match": 0.79}, {"employment.active": False}],
    "resumption-of-work": [
        {"venue_code.state": "suspended"}, {"staff.count": 0}, {"staff.oldest_test_hours": 48.1},
        {"staff.any_red_or_yellow": True}, {"staff.any_positive": True}, {"commitment.signed": False}, {"area.sealed": True},
    ],
    "home-quarantine-cert": [{"form.from": "2026-11-17"}, {"form.to": "2026-11-26"}],
    "travel-cert": [
        {"test.result": "positive"}, {"test.hours": 48.1}, {"travel.days_ahead": 3}, {"travel.days_ahead": -1},
        {"health.colour": "red"}, {"area.sealed": True},
    ],
    "senior-allowance": [{"age": 64}, {"hukou_in_city": False}, {"bank.verified": False}],
    "food-licence-renew": [
        {"licence.food-licence.state": "missing"}, {"open_penalties": 1}, {"commitment.signed": False},
    ],
    "nurse-change": [
        {"licence.nurse-cert.state": "revoked"}, {"ocr.employer_letter.seal_present": False},
        {"ocr.employer_letter.name": "李示例"},
    ],
    "sole-prop-cancel": [{"tax.cleared": False}, {"open_penalties": 2}],
    "vat-refund": [
        {"tax.credit_class": "C"}, {"tax.fraud_36m": True}, {"tax.vat_credit": 0}, {"amount": 1_000_000.01},
    ],
}  # fmt: skip
# a fact whose absence alone leaves it open: the other ways of the same "any" would have to be known as well
OPEN_WITHOUT = {"residence-permit-first": {"months_registered", "face_match", "employment.active"}}


@pytest.fixture(autouse=True)
def nobody_is_drawn(monkeypatch):
    monkeypatch.setattr(machine, "SAMPLE_PERCENT", 0)


@pytest.fixture
def told(monkeypatch):
    """What the facts are is said by the test."""
    known: dict = {}
    monkeypatch.setattr(facts, "gather", lambda case, today: dict(known))
    return known


def decided(slug: str, **elements) -> Case:
    make.licence_type("residence-permit")
    matter = make.matter(
        slug=slug,
        rules=RULES[slug],
        rules_version="2026.1",
        decided_by="rule",
        **({"result": {"kind": "e_licence", "ref": "residence-permit"}} | elements),
    )
    case = make.submitted(matter)
    ways.work()
    return Case.objects.get(pk=case.pk)


def test_the_ten_rule_sets_are_all_here():
    assert set(RULES) == set(GOOD) == set(BAD)
    assert len(RULES) == 10


@pytest.mark.parametrize("slug", list(RULES))
def test_when_all_rules_hold_the_machine_grants_and_the_licence_is_there(slug, told):
    told.update(GOOD[slug])

    case = decided(slug)

    assert [step.move for step in case.steps.all()] == [
        "submit", "pre_review_start", "pre_review_pass", "auto_accept", "start_review", "auto_approve", "issue",
        "result_ready",
    ]  # fmt: skip
    assert (case.decision, case.decided_by_machine, case.approver) == ("granted", True, None)
    assert case.licence.state == "valid" and case.licence.sealed_at
    assert case.rules_trace["facts"] == GOOD[slug]
    assert case.rules_trace["rules_version"] == "2026.1"
    assert {line["result"] for line in case.rules_trace["lines"]} >= {True}
    assert all(line["text"]["zh"] and line["text"]["en"] for line in case.rules_trace["lines"])


@pytest.mark.parametrize(
    ("slug", "change"), [(slug, change) for slug, changes in BAD.items() for change in changes if slug not in turned_back.TURNED_BACK]
)  # fmt: skip
def test_one_rule_that_does_not_hold_passes_the_case_to_people(slug, change, told):
    told.update(GOOD[slug] | change)

    case = decided(slug)

    assert (case.state, case.with_people, case.decision, case.licence) == ("under_review", True, "", None)
    assert case.rules_trace["result"] is False
    assert any(line["result"] is False for line in case.rules_trace["lines"])
    assert case.steps.last().reason == "a rule does not hold"


@pytest.mark.parametrize(
    ("slug", "fact"), [(slug, fact) for slug, known in GOOD.items() for fact in known if fact in OPEN_WITHOUT.get(slug, known)]
)  # fmt: skip
def test_a_fact_nobody_can_tell_passes_the_case_to_people(slug, fact, told):
    told.update({name: value for name, value in GOOD[slug].items() if name != fact})
    if fact == "employment.active":
        told.pop("student.enrolled"), told.pop("housing.proved")

    case = decided(slug)

    assert (case.state, case.with_people, case.decision) == ("under_review", True, "")
    assert case.rules_trace["result"] is None
    assert case.steps.last().reason == "a fact is not known"


@pytest.mark.parametrize("change", BAD["resumption-of-work"])
def test_resumption_of_work_comes_back_at_once_with_the_rules_that_failed(change, told):
    told.update(GOOD["resumption-of-work"] | change)

    case = decided("resumption-of-work")

    assert (case.state, case.decision) == ("pre_review_returned", "")
    finding = case.findings.get()
    with translation.override("en"):
        english = finding.said
    with translation.override("zh-hans"):
        chinese = finding.said
    assert english.isascii()
    assert not re.search("[a-z]{3}", chinese)  # each reads one language, and not both in a line


def test_resumption_of_work_is_granted_when_it_is_sent_again_in_order(told):
    told.update(GOOD["resumption-of-work"] | {"staff.count": 0})
    case = decided("resumption-of-work")
    told["staff.count"] = 2

    services.answer_finding(case, case.findings.get().pk, account=case.account)
    services.resubmit(case, account=case.account, level=3)
    ways.work()

    assert Case.objects.get(pk=case.pk).state == "ready"


def test_a_case_drawn_for_checking_is_decided_by_people_though_all_rules_hold(told, monkeypatch):
    monkeypatch.setattr(machine, "SAMPLE_PERCENT", 100)
    told.update(GOOD["sole-prop-cancel"])

    case = decided("sole-prop-cancel")

    assert (case.state, case.with_people, case.sampled, case.rules_trace["result"]) == (
        "under_review",
        True,
        True,
        True,
    )


def test_about_five_in_a_hundred_are_drawn_and_always_the_same_ones(monkeypatch):
    monkeypatch.setattr(machine, "SAMPLE_PERCENT", 5)
    cases = [
        Case(number=f"3101072611210{number:05d}", query_code=f"{number * 7 % 1000000:06d}") for number in range(4000)
    ]

    drawn = [machine.drawn(case) for case in cases]

    assert 150 < sum(drawn) < 250
    assert drawn == [machine.drawn(case) for case in cases]


def test_the_machine_leaves_uploaded_papers_to_a_persons_eye(told):
    told.update(GOOD["sole-prop-cancel"])
    make.material_type("lease")
    matter = make.matter(
        slug="sole-prop-cancel", rules=RULES["sole-prop-cancel"], decided_by="rule",
        requirements=[{"material": "lease", "required": True, "exempt": "none"}],
    )  # fmt: skip
    case = make.draft(matter)
    services.attach(case, "lease", make.document(case.applicant, by=case.account), account=case.account)

    services.submit(case, account=case.account, level=3, key="k")
    ways.work()

    assert Case.objects.get(pk=case.pk).state == "pre_review"


def test_whoever_asks_for_a_person_is_not_decided_by_the_machine(told):
    told.update(GOOD["sole-prop-cancel"])
    case = make.submitted(make.matter(slug="sole-prop-cancel", rules=RULES["sole-prop-cancel"], decided_by="rule"))

    services.ask_a_person(case, account=case.account)
    ways.work()

    case.refresh_from_db()
    assert (case.state, case.with_people, case.decision) == ("under_review", True, "")


def test_the_machine_goes_on_where_a_crash_left_it(told):
    told.update(GOOD["sole-prop-cancel"])
    case = make.submitted(make.matter(slug="sole-prop-cancel", rules=RULES["sole-prop-cancel"], decided_by="rule"))
    services.start_pre_review(case)

    for _time in range(3):
        machine.consider(case.pk)

    assert [step.move for step in case.steps.all()] == [
        "submit", "pre_review_start", "pre_review_pass", "auto_accept", "start_review", "auto_approve",
    ]  # fmt: skip
    assert Event.objects.filter(kind="CaseDecided").count() == 1


def test_the_database_takes_no_refusal_by_a_machine():
    case = ways.bring("refused")

    with pytest.raises(IntegrityError, match="machine_never_refuses"), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(decided_by_machine=True)


def test_a_person_decides_what_the_machine_passed_on(told):
    told.update(GOOD["sole-prop-cancel"] | {"open_penalties": 1})
    case = decided("sole-prop-cancel")

    case = services.conclude(
        case, officer=ways.of_department("dept_reviewer", case), proposal="approve", opinion="paid by now"
    )
    case = services.approve(case, officer=ways.of_department("dept_approver", case))

    assert (case.decision, case.decided_by_machine) == ("granted", False)


def at_the_window(channel="window"):
    """Handed in and accepted by an officer; then the worker does what is left to it."""
    slug = "residence-permit-endorse"
    matter = make.matter(
        slug, decided_by="rule", rules=RULES[slug], rules_version="2026.1",
        result={"kind": "e_licence", "ref": "residence-permit"},
    )  # fmt: skip
    case = make.submitted(matter)
    Case.objects.filter(pk=case.pk).update(channel=channel)
    Job.objects.all().delete()  # the machine looks at what comes in online; what lies on the desk an officer looks at
    case = services.pass_pre_review(services.start_pre_review(Case.objects.get(pk=case.pk)))
    services.accept(case, officer=make.officer("window_officer", of=make.department("DSO")))
    ways.work()
    return Case.objects.get(pk=case.pk)


def test_what_a_window_accepted_is_decided_on_the_spot_where_rules_decide(told):
    told.update(GOOD["residence-permit-endorse"])

    case = at_the_window()

    assert (case.decision, case.decided_by_machine) == ("granted", True)
    assert [step.move for step in case.steps.all()].count("start_review") == 1


def test_what_a_window_accepted_waits_for_people_where_a_rule_does_not_hold(told):
    told.update(GOOD["residence-permit-endorse"] | {"days_to_expiry": 31})

    case = at_the_window()

    assert (case.state, case.with_people, case.decision) == ("under_review", True, "")


def test_what_a_window_accepted_waits_for_people_where_papers_were_brought(told):
    told.update(GOOD["residence-permit-endorse"])
    case = at_the_window(channel="online_pc")
    assert (case.state, case.decision) == ("under_review", "")  # control: at a desk nobody sits and waits
    Case.objects.filter(pk=case.pk).update(channel="window")
    paper = make.document(case.applicant, by=case.account)
    case.materials.create(type=make.material_type(), required=True, how="upload", document=paper)

    machine.on_the_spot(case.pk)

    assert Case.objects.get(pk=case.pk).decision == ""
    case.materials.update(how="generated", document=None)
    machine.on_the_spot(case.pk)
    assert Case.objects.get(pk=case.pk).decision == "granted"
