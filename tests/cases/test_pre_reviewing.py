"""What the machine noticed is kept beside the case, follows the answers, is answered and overruled; it moves and decides nothing."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests import make
from tests.cases import papers_read as papers
from tests.cases.papers_read import line, value
from tongban.cases import noticed, pre_review, services
from tongban.cases.models import Case, MachineFinding
from tongban.cases.services import machine
from tongban.journal.models import Event
from tongban.lib.problems import Invalid, NotAllowed
from tongban.materials.models import Reading

pytestmark = pytest.mark.django_db

EXPIRED = {"valid_to": value("2020-05-03")}
GOOD = {"tenant": value("张示范"), "valid_to": value("2099-05-03")}


@pytest.fixture(autouse=True)
def nobody_is_drawn(monkeypatch):
    monkeypatch.setattr(machine, "SAMPLE_PERCENT", 0)


def test_a_paper_attached_to_a_case_is_asked_to_be_read():
    case = papers.draft()

    assert Reading.objects.get().document_id == case.materials.get(type__slug="addr-rent").document_id


def test_findings_are_kept_when_the_paper_was_read():
    case = papers.draft()

    papers.read(case, values=EXPIRED)

    row = case.machine_findings.get()
    assert (row.code, row.severity, row.state, row.material, row.page, row.box) == (
        "expired", "warning", "open", "addr-rent", 1, papers.BOX,
    )  # fmt: skip


def test_what_stands_on_a_paper_is_sealed_in_the_database():
    case = papers.draft()
    papers.read(case, values={"tenant": value("秘密姓名")})

    with connection.cursor() as cursor:
        cursor.execute("SELECT params FROM cases_machinefinding")
        kept = cursor.fetchone()[0]

    assert case.machine_findings.get().params["read"] == "秘密姓名"
    assert "秘密" not in kept and kept.startswith("e1.")


def test_looking_again_without_news_writes_nothing():
    case = papers.draft()
    papers.read(case, values=EXPIRED)

    with CaptureQueriesContext(
        connection,
    ) as asked:
        services.look_over(case)

    assert [one["sql"] for one in asked if not one["sql"].startswith("SELECT")] == []
    assert papers.found(case) == ["expired"]


def test_findings_follow_the_answers():
    case = papers.draft()
    papers.read(case, values={**GOOD, "filing_no": value("ZL-2")})
    assert papers.found(case) == []

    case = services.save(
        Case.objects.get(pk=case.pk), {"lease_no": "ZL-1"}, revision=case.revision, account=case.account
    )
    services.look_over(case)
    assert papers.found(case) == ["answer_differs"]

    case = services.save(case, {"lease_no": "ZL-2"}, revision=case.revision, account=case.account)
    services.look_over(case)
    assert papers.found(case) == []


def test_findings_go_with_the_paper_they_were_on():
    case = papers.draft()
    papers.read(case, values=EXPIRED)

    services.attach(case, "addr-rent", make.document(case.applicant, by=case.account), account=case.account)
    services.look_over(Case.objects.get(pk=case.pk))

    assert papers.found(case) == []


def test_no_finding_ever_keeps_anybody_from_sending():
    """Every finding there is, and a comparison that breaks."""
    case = papers.draft(pages=2)
    everything = {
        "tenant": value("王演习"), "valid_to": value("2020-01-01"), "valid_from": value("2099-01-01"),
        "mrz": value("P<<"), "uscc": value("9" * 18),
    }  # fmt: skip
    bad = dict.fromkeys(("blurred", "dark", "glare", "cut", "too_small"), True)
    papers.read(case, values=everything, quality=[{"page": 1, **bad}, {"page": 2}], lines=[line("第1页共9页")])
    assert len(papers.found(case)) > 10

    sent = papers.send(case)

    assert sent.state == "submitted"


def test_a_comparison_that_breaks_keeps_nobody_from_sending(monkeypatch):
    case = papers.draft()
    papers.read(case, values=EXPIRED)

    def broken(*args, **kwargs):
        raise RuntimeError("unexpected")

    monkeypatch.setattr(pre_review, "findings_on", broken)

    assert papers.send(case).state == "submitted"


# -- the applicant


def test_the_applicant_says_it_is_right_and_an_officer_still_sees_it():
    case = papers.draft()
    papers.read(case, values=EXPIRED)
    row = case.machine_findings.get()

    services.it_is_right(case, row.pk, account=case.account, remark="Renewed by word of mouth.")

    row.refresh_from_db()
    assert (row.state, row.remark) == ("answered", "Renewed by word of mouth.")
    assert noticed.unsettled_warnings(case)
    services.look_over(Case.objects.get(pk=case.pk))
    assert case.machine_findings.get().state == "answered"


def test_after_sending_only_officers_speak():
    case = papers.draft()
    papers.read(case, values=EXPIRED)
    sent = papers.send(case)

    with pytest.raises(NotAllowed):
        services.it_is_right(sent, case.machine_findings.get().pk, account=case.account)


def test_nobody_answers_a_finding_of_another_case():
    mine, other = papers.draft(), papers.draft()
    papers.read(other, values=EXPIRED)

    with pytest.raises(NotAllowed) as refused:
        services.it_is_right(mine, other.machine_findings.get().pk, account=mine.account)

    assert refused.value.status == 404


def test_a_remark_is_sent_along():
    case = papers.draft()
    papers.read(case, values=EXPIRED)

    papers.send(case, remark="The new lease comes next week.")

    assert case.machine_findings.get().remark == "The new lease comes next week."


def test_a_value_read_goes_into_the_form_only_when_the_person_takes_it():
    case = papers.draft()
    papers.read(case, values={**GOOD, "filing_no": value("ZL2025-0001")})
    case = Case.objects.get(pk=case.pk)
    assert case.value("lease_no") is None
    assert [(row.type.slug, one.field, one.value) for row, one in services.offers(case)] == [
        ("addr-rent", "lease_no", "ZL2025-0001")
    ]

    case = services.take_value(case, "addr-rent", "lease_no", account=case.account)

    held = Case.objects.get(pk=case.pk).values["lease_no"]
    assert (held["value"], held["source"], held["changed"]) == ("ZL2025-0001", "paper:addr-rent", False)
    assert services.offers(case) == []
    assert Event.objects.filter(kind="ValueTakenFromPaper", subject=case.subject).count() == 1


def test_what_was_typed_is_never_overwritten_by_reading():
    case = papers.draft()
    case = services.save(case, {"lease_no": "ZL-1"}, revision=case.revision, account=case.account)

    papers.read(case, values={"filing_no": value("ZL-2")})

    held = Case.objects.get(pk=case.pk).values["lease_no"]
    assert (held["value"], held["source"]) == ("ZL-1", "applicant")


def test_a_value_that_is_not_offered_is_not_taken():
    case = papers.draft()
    papers.read(case, values={"filing_no": value("ZL-2")})

    for field in ("name", "reason", "truth", "delivery", "nothing"):
        with pytest.raises(NotAllowed):
            services.take_value(Case.objects.get(pk=case.pk), "addr-rent", field, account=case.account)


def test_a_taken_value_changed_by_hand_says_so():
    case = papers.draft()
    papers.read(case, values={"filing_no": value("ZL-2")})
    case = services.take_value(Case.objects.get(pk=case.pk), "addr-rent", "lease_no", account=case.account)

    case = services.save(case, {"lease_no": "ZL-3"}, revision=case.revision, account=case.account)

    held = case.values["lease_no"]
    assert (held["value"], held["given"], held["changed"]) == ("ZL-3", "ZL-2", True)


# -- officers


def sent_with_a_finding(of=None) -> tuple[Case, MachineFinding]:
    case = papers.draft(of)
    papers.read(case, values=EXPIRED)
    papers.send(case)
    return Case.objects.get(pk=case.pk), case.machine_findings.get()


def test_an_officer_overrules_with_a_reason_that_stays_in_the_history():
    case, row = sent_with_a_finding()
    officer = make.officer("pre_reviewer", of=make.department("DSO"))

    services.overrule(case, row.pk, officer=officer, reason="  The lease was\nextended.  ")

    row.refresh_from_db()
    assert (row.state, row.overruled_by, row.reason) == ("overruled", officer, "The lease was extended.")
    step = case.steps.latest("id")
    assert (step.move, step.officer, step.reason) == ("overrule_finding", officer, "The lease was extended.")
    assert Event.objects.get(kind="MachineFindingOverruled").payload == {
        "case": case.pk, "finding": row.pk, "officer": officer.pk,
    }  # fmt: skip
    assert Case.objects.get(pk=case.pk).state == case.state
    assert not noticed.unsettled_warnings(case)


@pytest.mark.parametrize("reason", ["", "   ", "\n", "x" * 501])
def test_without_a_reason_nothing_is_overruled(reason):
    case, row = sent_with_a_finding()

    with pytest.raises(Invalid):
        services.overrule(case, row.pk, officer=make.officer("pre_reviewer", of=make.department("DSO")), reason=reason)

    row.refresh_from_db()
    assert row.state == "open"


def test_the_database_itself_keeps_overruling_without_a_reason_out():
    _case, row = sent_with_a_finding()
    officer = make.officer("pre_reviewer")

    with pytest.raises(IntegrityError), transaction.atomic():
        MachineFinding.objects.filter(pk=row.pk).update(state="overruled", overruled_by=officer, reason="")
    with pytest.raises(IntegrityError), transaction.atomic():
        MachineFinding.objects.filter(pk=row.pk).update(state="overruled", reason="because")


def test_who_only_reads_or_applied_does_not_overrule():
    own = make.officer("pre_reviewer", of=make.department("DSO"), person=make.person())
    case = papers.draft(account_=own.account)
    papers.read(case, values=EXPIRED)
    case, row = papers.send(case), case.machine_findings.get()

    for officer in (make.officer("auditor"), own, make.officer("dept_reviewer", of=make.department("HRB"))):
        with pytest.raises(NotAllowed):
            services.overrule(case, row.pk, officer=officer, reason="because")


def test_two_officers_overrule_once():
    case, row = sent_with_a_finding()
    one, other = (make.officer("pre_reviewer", of=make.department("DSO")) for _i in range(2))
    services.overrule(case, row.pk, officer=one, reason="first")

    with pytest.raises(NotAllowed):
        services.overrule(case, row.pk, officer=other, reason="second")

    assert case.machine_findings.get().reason == "first"


def test_what_an_officer_overruled_is_not_found_again():
    case, row = sent_with_a_finding()
    services.overrule(case, row.pk, officer=make.officer("pre_reviewer", of=make.department("DSO")), reason="fine")

    services.look_over(case)

    assert [one.state for one in case.machine_findings.all()] == ["overruled"]


def test_an_officers_notice_takes_up_what_it_names():
    case, row = sent_with_a_finding()
    case = services.start_pre_review(case)

    services.return_from_pre_review(
        case, [{"material": "addr-rent", "page": 1, "text": "This lease has ended."}],
        officer=make.officer("pre_reviewer", of=make.department("DSO")),
    )  # fmt: skip

    row.refresh_from_db()
    assert row.state == "taken_up"


def test_how_often_each_comparison_is_overruled_is_known():
    officer = make.officer("pre_reviewer", of=make.department("DSO"))
    of = papers.matter()
    for number in range(4):
        case, row = sent_with_a_finding(of)
        if number:
            services.overrule(case, row.pk, officer=officer, reason="fine")

    assert noticed.how_often_overruled() == [
        {"code": "expired", "found": 4, "overruled": 3, "taken_up": 0, "answered": 0, "share": 75}
    ]


# -- the machine

RULE = {"and": [{"==": [{"var": "form.reason"}, "work"]}]}


def by_rule(*, required=False, **elements):
    make.licence_type("residence-permit")
    given = {
        "required": required, "decided_by": "rule", "rules": RULE, "rules_version": "1",
        "result": {"kind": "e_licence", "ref": "residence-permit"},
    }  # fmt: skip
    return papers.matter(**(given | elements))


def test_a_case_without_doubts_is_granted_by_rule():
    """The control for what follows: the same case with a paper in order."""
    case = papers.draft(by_rule())
    papers.read(case, values=GOOD)

    papers.send(case)
    papers.work()

    assert Case.objects.get(pk=case.pk).decision == "granted"


def test_with_a_warning_on_a_paper_people_look_first():
    case = papers.draft(by_rule())
    papers.read(case, values=EXPIRED)

    papers.send(case)
    papers.work()

    case = Case.objects.get(pk=case.pk)
    assert (case.state, case.decision) == ("pre_review", "")


def passed_by_a_person(case: Case, *, overrule: bool) -> Case:
    officer = make.officer("pre_reviewer", of=make.department("DSO"))
    if overrule:
        services.overrule(case, case.machine_findings.get().pk, officer=officer, reason="The lease was extended.")
    services.pass_pre_review(Case.objects.get(pk=case.pk), officer=officer)
    services.consider(case.pk)
    papers.work()
    return Case.objects.get(pk=case.pk)


@pytest.mark.parametrize(("overruled", "decision"), [(False, ""), (True, "granted")])
def test_the_machine_grants_on_a_doubtful_paper_only_when_an_officer_set_the_doubt_aside(overruled, decision):
    case = papers.draft(by_rule(required=True))
    papers.read(case, values=EXPIRED)
    papers.send(case)
    papers.work()

    case = passed_by_a_person(case, overrule=overruled)

    assert case.decision == decision
    assert case.with_people is not overruled
    if not overruled:
        assert Event.objects.filter(kind="CasePassedToPeople", payload__reason="paper").exists()


def test_a_paper_that_is_still_being_read_is_waited_for():
    case = papers.draft(by_rule())
    papers.send(case)
    services.consider(case.pk)
    assert Case.objects.get(pk=case.pk).state == "pre_review"

    papers.read(case, values=GOOD)

    assert Case.objects.get(pk=case.pk).decision == "granted"
