"""“This is wrong on my licence”: the issuer answers, puts it right by a corrected edition, or says why it stays."""

from datetime import timedelta

import pytest

from tests import make
from tests.licences.test_presenting import NOW, TODAY, hand, licence, owner  # noqa: F401 - fixtures
from tongban.departments import duties
from tongban.departments import queries as departments
from tongban.lib.moves import NotNow
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import reporting
from tongban.licences.models import FaceReport, Licence
from tongban.notices.models import Message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys", "in_english")]


@pytest.fixture
def report(licence, owner) -> FaceReport:  # noqa: F811
    return reporting.report(licence, "address", says="示范路2号", why="moved", **hand(owner), now=NOW)


@pytest.fixture
def approver(licence):  # noqa: F811
    return make.officer("dept_approver", of=licence.issuer)


def test_it_waits_at_the_issuer_with_a_clock_of_five_working_days(report, approver):
    elsewhere = make.officer("dept_approver", of=make.department("TAX"))

    assert list(reporting.waiting_for(approver)) == [report]
    assert list(reporting.waiting_for(elsewhere)) == [] and reporting.by_ref(elsewhere, report.ref) is None
    assert report.due == departments.calendar().due(TODAY, 5).day

    FaceReport.objects.update(due=report.due + timedelta(days=1))  # as counted before a day was put right
    duties.recount("answers to reports about a licence")
    assert FaceReport.objects.get().due == report.due


def test_the_holder_is_right_and_has_a_corrected_licence_with_the_answer(report, approver, licence, owner):  # noqa: F811
    reporting.correct(report, officer=approver, value="示范路2号", answer="You are right.", now=NOW)

    made = Licence.objects.get(previous=licence)
    assert (made.face["address"], made.edition, made.state) == ("示范路2号", 2, "valid")
    assert Licence.objects.get(pk=licence.pk).state == "superseded"
    row = reporting.of_licence(made).get()
    assert (row.state, row.edition, row.answer) == ("corrected", made, "You are right.")


def test_a_word_alone_puts_nothing_right(report, approver):
    with pytest.raises(NotAllowed) as refused:
        reporting.put_right(report, officer=approver, answer="Done.")

    assert refused.value.code == "not-corrected-yet"
    report.refresh_from_db()
    assert report.state == "open"


def test_it_stays_and_the_holder_hears_why(report, approver, owner):  # noqa: F811
    reporting.keep(report, officer=approver, answer="The register of addresses says the same.")

    assert FaceReport.objects.get().state == "upheld"
    assert Message.objects.get(account=owner).kind == "licence_report_upheld"
    with pytest.raises(NotNow):
        reporting.keep(report, officer=approver, answer="Again.")


def test_only_the_issuer_answers_and_nobody_for_themselves(report, licence):  # noqa: F811
    elsewhere = make.officer("dept_approver", of=make.department("TAX"))
    reads_only = make.officer("auditor", of=licence.issuer)
    concerned = make.officer("dept_approver", of=licence.issuer, person=make.person())
    Licence.objects.filter(pk=licence.pk).update(holder=concerned.account.person)
    report = FaceReport.objects.select_related("licence__issuer").get()

    for officer in (elsewhere, reads_only, concerned):
        with pytest.raises(NotAllowed):
            reporting.keep(report, officer=officer, answer="It is right.")


def test_one_value_is_reported_once_at_a_time_and_again_when_it_was_taken_back(report, licence, owner):  # noqa: F811
    with pytest.raises(NotAllowed) as twice:
        reporting.report(licence, "address", says="another", **hand(owner), now=NOW)
    reporting.take_back(report, actor=hand(owner)["actor"])

    assert twice.value.code == "report-runs"
    assert reporting.report(licence, "address", says="another", **hand(owner), now=NOW).state == "open"


@pytest.mark.parametrize("says", ["", "  ", "示范路1号", "x" * 501])
def test_what_says_nothing_is_not_sent(licence, owner, says):  # noqa: F811
    with pytest.raises(Invalid):
        reporting.report(licence, "address", says=says, **hand(owner), now=NOW)


def test_what_does_not_stand_there_cannot_be_wrong(licence, owner):  # noqa: F811
    for field in ("photo", "nonsense", ""):
        with pytest.raises(NotAllowed):
            reporting.report(licence, field, says="x", **hand(owner), now=NOW)
