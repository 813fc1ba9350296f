"""A situation that promises for itself: which clock begins with acceptance, who is inspected, what stays with running applications."""

import datetime

import pytest

from tests import make
from tongban.cases import clocks, services
from tongban.cases.models import Case
from tongban.cases.services import rebasing
from tongban.lib.problems import NotAllowed
from tongban.matters import promises
from tongban.matters.models import MatterVersion

pytestmark = pytest.mark.django_db

MONDAY = datetime.datetime(2026, 6, 1, 10, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
SITUATIONS = [
    {"id": "commit", "zh": "告知承诺", "en": "Commitment", "name": {"zh": "告知承诺", "en": "Commitment"}},
    {
        "id": "inspect", "zh": "现场检查", "en": "Inspection", "name": {"zh": "现场检查", "en": "Inspection"},
        "handling_kind": "promised", "promised_days": 4, "inspection": "yes",
    },
    {"id": "same", "zh": "同上", "en": "The same", "name": {"zh": "同上", "en": "The same"}, "inspection": "no"},
]  # fmt: skip


def instant(**more):
    return make.matter(handling_kind="instant", promised_days=0, situations=SITUATIONS, **more)


def accepted(matter, situation) -> Case:
    draft = make.draft(matter)
    draft = services.choose_situation(draft, [situation], account=draft.account)
    expected = clocks.expected(draft, sent=MONDAY)
    row = services.submit(draft, account=draft.account, level=3, key=f"k{draft.pk}", now=MONDAY)
    row = services.pass_pre_review(services.start_pre_review(row, now=MONDAY), now=MONDAY)
    row = services.accept(row, officer=make.officer("window_officer", of=make.department("DSO")), now=MONDAY)
    row.refresh_from_db()
    assert row.promised_due == expected["promised"].day  # what was said before it was sent
    return row


@pytest.mark.parametrize(
    ("situation", "days", "due"),
    [("commit", 0, datetime.date(2026, 6, 1)), ("inspect", 4, datetime.date(2026, 6, 5))],
)
def test_the_clock_that_begins_at_acceptance_is_the_one_of_the_situation(situation, days, due):
    row = accepted(instant(), situation)

    assert (promises.days(row.version, row.situation), row.promised_due) == (days, due)
    assert row.statutory_due == datetime.date(2026, 6, 29)  # the law gives everybody the same twenty days


def test_somebody_comes_to_look_only_where_the_situation_says_so():
    for situation, comes in (("inspect", True), ("same", False)):
        row = accepted(instant(), situation)
        reviewer = make.officer("dept_reviewer", of=row.department)
        row = services.start_review(row, officer=reviewer, now=MONDAY)
        if comes:
            row = services.order_inspection(row, officer=reviewer, why="as drawn", now=MONDAY)
            assert row.state == "site_inspection"
        else:
            with pytest.raises(NotAllowed) as refused:
                services.order_inspection(row, officer=reviewer, why="as drawn", now=MONDAY)
            assert refused.value.code == "no-inspection"


def test_a_running_application_keeps_its_promise_and_moving_it_says_what_becomes_of_it():
    matter = instant()
    draft = make.draft(matter)
    draft = services.choose_situation(draft, ["inspect"], account=draft.account)
    old = draft.version
    old.state = MatterVersion.State.RETIRED
    old.save()
    later = [{**one, "promised_days": 7} if one["id"] == "inspect" else one for one in SITUATIONS]
    new = MatterVersion.objects.get(pk=old.pk)
    new.pk, new.number, new.state, new.situations = None, 2, MatterVersion.State.PUBLISHED, later
    new.save()

    draft.refresh_from_db()
    ((trial,), _after) = rebasing.dry_run(old, new)

    assert clocks.expected(draft, sent=MONDAY)["days"] == 4
    assert trial.time == (4, 7)


def test_what_the_situations_promise_is_between_the_fastest_and_the_slowest():
    version = instant().versions.get()

    assert promises.range_of(version) == (0, 4)
    assert promises.days(version) == 0 and promises.days(version, ["inspect", "commit"]) == 4
    assert [promises.on_the_spot(version, one) for one in ([], ["commit"], ["inspect"])] == [False, True, False]
    assert [one["site_inspection"] for one in promises.told(version)] == [False, True, False]
    version.situations = [{**SITUATIONS[1], "promised_days": "soon"}]  # a file from elsewhere may say anything
    assert (promises.range_of(version), promises.days(version)) == (None, 0)
