"""Figures against cases counted by hand; each case counts once, and below ten nothing is said."""

import datetime

import pytest
from django.utils import timezone

from tests import make
from tongban.cases import services as cases
from tongban.cases.models import Case, CaseMaterial
from tongban.indicators import queries, services
from tongban.indicators.models import DailySum, Measure, Part
from tongban.indicators.rules import ENOUGH, Share
from tongban.journal import services as journal

pytestmark = pytest.mark.django_db


def work() -> None:
    while journal.work_once():
        pass


def of(matter) -> dict[str, tuple[int, int, int]]:
    found = queries.of_matter(matter.slug, today=timezone.localdate())
    return {name: (share.part, share.whole, share.cases) for name, share in found.items()}


def test_a_case_sent_counts_what_was_filled_in_and_what_was_brought():
    """The small form: name from the record, reason and delivery typed, truth is a promise: 1 of 3. One paper of two uploaded."""
    lease, photo = make.material_type("lease"), make.material_type("photo-form")
    matter = make.matter(
        requirements=[
            {"material": "lease", "required": True},
            {"material": "photo-form", "required": True, "exempt": "generated"},
        ]
    )
    account = make.account()
    draft = make.draft(matter, account_=account)
    cases.attach(draft, "lease", make.document(account.person, by=account), account=account)
    draft.refresh_from_db()
    cases.submit(draft, account=account, level=3, key="k")
    work()

    assert of(matter) == {
        "prefilled": (1, 3, 1), "first_time": (0, 0, 0), "avoided": (1, 2, 1), "nothing_brought": (0, 1, 1), "no_visit": (0, 0, 0),
    }  # fmt: skip
    assert lease.pk != photo.pk


def test_ten_cases_counted_by_hand():
    """Eight decided at once, two after they were sent back for correction: 8 of 10 the first time."""
    matter = make.matter()
    for number in range(10):
        row = make.submitted(matter)
        row = cases.pass_pre_review(cases.start_pre_review(row))
        window = make.officer("window_officer", of=make.department("DSO"))
        if number < 2:
            row = cases.request_correction(row, [{"field": "reason", "text": "too short"}], officer=window)
            row = cases.save(
                row, {**make.SMALL_ANSWERS, "reason": f"longer {number}"}, revision=row.revision, account=row.account
            )
            row = cases.correct(row, account=row.account, level=3)
        row = cases.accept(row, officer=window)
        reviewer = make.officer("dept_reviewer", of=row.department)
        row = cases.start_review(row, officer=reviewer)
        row = cases.conclude(row, officer=reviewer, proposal="approve", opinion="in order")
        cases.approve(row, officer=make.officer("dept_approver", of=row.department))
    work()

    assert of(matter) == {
        "prefilled": (10, 30, 10), "first_time": (8, 10, 10), "avoided": (0, 0, 0), "nothing_brought": (10, 10, 10), "no_visit": (10, 10, 10),
    }  # fmt: skip
    share = queries.of_matter(matter.slug, today=timezone.localdate())["first_time"]
    assert (share.percent, share.goal, share.reached) == (80, 90, False)
    assert [part.part for part in queries.fell_short(matter.slug, "first_time")] == [0, 0]


def test_counted_again_nothing_is_added():
    case = make.submitted()
    work()
    before = list(DailySum.objects.order_by("id").values())

    services.count_sent(case)
    services.catch_up()

    assert list(DailySum.objects.order_by("id").values("matter", "measure", "part", "whole", "cases")) == [
        {name: row[name] for name in ("matter", "measure", "part", "whole", "cases")} for row in before
    ]


def test_the_sums_are_the_sums_of_their_parts():
    for _number in range(3):
        make.submitted()
    work()

    for row in DailySum.objects.all():
        parts = Part.objects.filter(matter=row.matter, measure=row.measure, day=row.day)
        assert (row.part, row.whole, row.cases) == (
            sum(one.part for one in parts), sum(one.whole for one in parts), parts.count(),
        )  # fmt: skip


def test_cases_from_before_there_were_figures_are_counted_little_by_little(monkeypatch):
    matter = make.matter()
    for _number in range(3):
        make.submitted(matter)
    monkeypatch.setattr(services, "AT_A_TIME", 2)

    assert [services.catch_up(), services.catch_up(), services.catch_up()] == [2, 1, 0]
    assert of(matter)["prefilled"] == (3, 9, 3)


def test_what_a_person_changed_was_not_filled_in_for_them():
    form = [{**make.SMALL_FORM[0], "readonly": False}, *make.SMALL_FORM[1:]]
    matter = make.matter(form=form)
    make.submitted(matter, answers={**make.SMALL_ANSWERS, "name": "another"})
    work()

    assert of(matter)["prefilled"] == (0, 3, 1)


@pytest.mark.parametrize(("cases_", "percent"), [(ENOUGH - 1, None), (ENOUGH, 50)])
def test_below_ten_cases_nothing_is_said(cases_, percent):
    assert Share("prefilled", 5, 10, cases_).percent == percent


def test_nine_and_a_half_of_ten_are_nine():
    assert Share("nothing_brought", 95, 100, 100).of_ten == 9
    assert Share("nothing_brought", 10, 10, 10).of_ten is None


def test_a_figure_of_last_year_is_over():
    matter = make.matter()
    make.submitted(matter)
    work()
    DailySum.objects.update(day=timezone.localdate() - datetime.timedelta(days=365))

    assert of(matter)["prefilled"] == (0, 0, 0)


def test_every_measure_has_its_definition():
    from tongban.indicators import rules

    assert all(f"{name} " in rules.__doc__ for name in Measure.values)
    assert CaseMaterial.How.UPLOAD in rules.BROUGHT


def test_reading_the_figures_asks_one_question_however_many_cases(django_assert_num_queries):
    for _number in range(3):
        make.submitted()
    work()

    with django_assert_num_queries(1):
        queries.figures("PSB", today=timezone.localdate())


def test_what_was_read_from_a_paper_that_was_brought_was_not_known_before():
    matter = make.matter()
    case = make.draft(matter)
    values = {**case.values, "reason": {**case.values["reason"], "source": "paper:addr-rent"}}
    Case.objects.filter(pk=case.pk).update(values=values)
    cases.submit(Case.objects.get(pk=case.pk), account=case.account, level=3, key="k")
    work()

    assert of(matter)["prefilled"] == (1, 3, 1)
