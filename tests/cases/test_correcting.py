"""Correction once and complete; the second time a supervisor's and a fault; taken back; what staff put right, and undone."""

import pytest

from tests import make
from tests.cases import ways
from tongban.cases import correction, services
from tongban.cases.models import Case, CaseMaterial, CorrectionRequest, StaffChange
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices.models import Message
from tongban.oversight.models import Alert

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

WRONG = [{"field": "reason", "text": "too short"}]


def asked(**given) -> Case:
    case = make.case("received")
    return services.request_correction(case, WRONG, officer=ways.hall("window_officer"), **given)


def answered(case: Case, reason="work at a shop") -> Case:
    case.refresh_from_db()
    case = services.save(case, {"reason": reason}, revision=case.revision, account=case.account)
    return services.correct(case, account=case.account, level=3)


def test_every_point_is_answered_before_it_is_sent_and_the_progress_is_told():
    case = make.case("received")
    points = [*WRONG, {"field": "delivery", "text": "say which"}]
    case = services.request_correction(case, points, officer=ways.hall("window_officer"))
    assert correction.progress(case) == (0, 2)

    case = services.save(case, {"reason": "work at a shop"}, revision=case.revision, account=case.account)
    assert correction.progress(case) == (1, 2)
    with pytest.raises(NotAllowed):
        services.correct(case, account=case.account, level=3)
    services.answer_finding(case, case.findings.get(field="delivery").pk, account=case.account, answer="it is right")

    assert correction.progress(case) == (2, 2)
    assert services.correct(case, account=case.account, level=3).state == "received"
    assert case.findings.get(field="delivery").answer == "it is right"


def test_while_only_what_is_marked_may_change_everything_else_stays_as_it_was_sent():
    case = asked(only_marked=True)

    case = services.save(
        case, {"reason": "work at a shop", "delivery": "pickup"}, revision=case.revision, account=case.account
    )

    assert (case.value("reason"), case.value("delivery")) == ("work at a shop", "e_licence")


def test_without_the_lock_everything_may_be_changed():
    case = asked()

    case = services.save(case, {"delivery": "pickup"}, revision=case.revision, account=case.account)

    assert case.value("delivery") == "pickup"


def test_a_locked_document_is_not_exchanged():
    make.material_type("lease")
    make.material_type("plan")
    matter = make.matter(
        requirements=[{"material": "lease", "required": False}, {"material": "plan", "required": False}]
    )
    case = make.case("received", matter)
    found = [{"material": "lease", "text": "cannot be read"}]
    case = services.request_correction(case, found, officer=ways.hall("window_officer"), only_marked=True)
    paper = make.document(case.applicant, by=case.account)

    with pytest.raises(NotAllowed) as locked:
        services.attach(case, "plan", paper, account=case.account)

    assert locked.value.code == "only-what-is-marked"
    assert services.attach(case, "lease", paper, account=case.account).how == "upload"


def test_a_second_request_is_a_supervisors_with_a_reason_and_counts_as_a_fault():
    case = answered(asked())
    supervisor = ways.hall("supervisor")
    with pytest.raises(NotAllowed):
        services.request_correction(case, WRONG, officer=ways.hall("window_officer"))
    with pytest.raises(Invalid):
        services.request_correction(case, WRONG, officer=supervisor)

    case = services.request_correction(case, WRONG, officer=supervisor, why_again="the seal was overlooked")

    assert (case.state, case.corrections) == ("correction_requested", 2)
    assert CorrectionRequest.objects.get(case=case, second=True).why_again == "the seal was overlooked"
    assert Alert.objects.filter(kind="second_correction").count() == 1
    case = answered(case, "work at a bakery")
    with pytest.raises(NotAllowed):
        services.request_correction(case, WRONG, officer=supervisor, why_again="and once more, sorry")


def test_whoever_asked_first_does_not_ask_again_as_a_supervisor():
    both = ways.hall("window_officer")
    both.roles = ["window_officer", "supervisor"]
    both.save()
    case = make.case("received")
    case = answered(services.request_correction(case, WRONG, officer=both))

    with pytest.raises(NotAllowed) as refused:
        services.request_correction(case, WRONG, officer=both, why_again="the seal was overlooked")

    assert "first time" in str(refused.value)
    assert not Alert.objects.filter(kind="second_correction").exists()


def test_a_supervisor_does_not_make_the_first_request():
    with pytest.raises(NotAllowed):
        services.request_correction(make.case("received"), WRONG, officer=ways.hall("supervisor"))


def test_a_request_is_taken_back_while_nothing_was_answered_and_acceptance_has_five_new_days():
    case = asked()

    case = services.recall_correction(case, officer=ways.hall("window_officer"), why="the page was there")

    assert case.state == "received"
    running = set(case.clocks.filter(stopped_on=None).values_list("kind", flat=True))
    assert running == {"acceptance"}
    ways.work()
    assert Message.objects.filter(kind="correction_recalled", party=case.applicant).exists()
    assert not [one for one in case.findings.all() if one.answered_at is None]


def test_a_request_that_was_begun_to_be_answered_is_not_taken_back():
    case = asked()
    services.save(case, {"reason": "work at a shop"}, revision=case.revision, account=case.account)

    with pytest.raises(NotAllowed) as refused:
        services.recall_correction(case, officer=ways.hall("window_officer"), why="the page was there")

    assert refused.value.code == "applicant-has-begun"
    assert Case.objects.get(pk=case.pk).state == "correction_requested"


# -- what staff put right


def test_staff_put_a_slip_right_the_applicant_sees_both_and_undoes_it():
    case = make.case("received")

    change = services.change_answer(
        case, "reason", {"reason": "works"}, officer=ways.hall("window_officer"), reason="a slip of the pen"
    )

    case.refresh_from_db()
    assert (case.value("reason"), change.before["value"], change.after["value"]) == ("works", "work", "works")
    ways.work()
    assert Message.objects.filter(kind="staff_changed", party=case.applicant).exists()
    assert case.documents.filter(kind="staff_change_notice").count() == 1
    case = services.undo_change(change, account=case.account, why="I meant it")
    assert case.value("reason") == "work"
    assert services.undo_change(change, account=case.account).value("reason") == "work"


@pytest.mark.parametrize("field", ["name", "truth", "nothing"])
def test_staff_do_not_touch_who_somebody_is_nor_what_they_signed(field):
    case = make.case("received")

    with pytest.raises(NotAllowed):
        services.change_answer(case, field, {field: "x"}, officer=ways.hall("window_officer"), reason="a slip")


def test_staff_change_nothing_after_acceptance():
    case = make.case("accepted")

    with pytest.raises(NotAllowed):
        services.change_answer(case, "reason", {"reason": "x"}, officer=ways.hall("window_officer"), reason="a slip")

    assert not StaffChange.objects.exists()


def test_a_document_taken_out_by_staff_stays_the_applicants_and_can_be_put_back():
    make.material_type("lease")
    case = make.draft(make.matter(requirements=[{"material": "lease", "required": True}]))
    services.attach(case, "lease", make.document(case.applicant, by=case.account), account=case.account)
    case = services.submit(case, account=case.account, level=3, key="k")
    case = services.pass_pre_review(services.start_pre_review(case))

    change = services.remove_document(case, "lease", officer=ways.hall("window_officer"), reason="of another person")

    assert case.materials.get().how == CaseMaterial.How.MISSING
    services.undo_change(change, account=case.account)
    assert (case.materials.get().how, case.materials.get().document) == ("upload", change.document)
