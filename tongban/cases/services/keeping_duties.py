"""What else rests on working days in cases, beside their clocks: each counted again with a corrected calendar, and told once."""

from collections.abc import Iterable
from datetime import date

from tongban.cases import clocks, events
from tongban.cases.delivery_states import PREPARE_DAYS, DeliveryState
from tongban.cases.models import BundleMember, Case, Consultation, Delivery, Promise, Talk
from tongban.cases.moving import changed
from tongban.cases.procedure_states import PromiseState
from tongban.cases.services import consulting, conversing, following
from tongban.cases.states import IN_REVIEW
from tongban.departments import duties
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.notices import services as notices


def _put_down(cases: Iterable[Case]) -> None:
    """It stands in the log of each case, and open pages of it are news."""
    each = list({case.pk: case for case in cases}.values())
    why = [(events.CaseDatesChanged(case=case.pk, why="calendar"), case.subject) for case in each]
    journal.record_many(why, actor=PLATFORM)
    changed(*each)


def _occasion(case: Case, kind: str, row: int, day: date, **more) -> notices.Occasion:
    return notices.Occasion(
        case.applicant_id, kind, about=case.subject, link=f"/my/cases/{case.ref}/",
        params={"matter": case.version.name, "number": case.number or "", "due": day.isoformat(), **more},
        once=f"{kind}:{row}:{day}", needs_answer=True,
    )  # fmt: skip


def _opinions_moved(rows: list[Consultation]) -> None:
    _put_down(row.case for row in rows)
    journal.touch(*sorted({f"queue:{row.department.code}" for row in rows}))


duties.enter(
    duties.Duty(
        "opinions",
        lambda: consulting.still_asked().select_related("case__department", "department"),
        "due",
        lambda row: (clocks.local_day(row.asked_at), row.days) if row.days else None,
        moved=_opinions_moved,
    )
)


def _orders_moved(rows: list[Promise]) -> None:
    _put_down(row.case for row in rows)
    notices.tell_each(
        [_occasion(row.case, "put_right_day_changed", row.pk, row.put_right_by) for row in rows if row.put_right_by]
    )


duties.enter(
    duties.Duty(
        "orders to put right",
        lambda: Promise.objects.filter(state=PromiseState.PUT_RIGHT, put_right_by__isnull=False).select_related(
            "case__department", "case__version"
        ),
        "put_right_by",
        lambda row: (clocks.local_day(row.checked_at), row.put_right_days) if row.put_right_days else None,
        never_earlier=True,
        moved=_orders_moved,
    )
)


def _choices_moved(rows: list[BundleMember]) -> None:
    _put_down(row.parent for row in rows)
    notices.tell_each(
        [
            _occasion(row.parent, "choice_day_changed", row.pk, row.choose_by, part=row.case.version.name)
            for row in rows
            if row.choose_by
        ]
    )


duties.enter(
    duties.Duty(
        "choices about a part",
        lambda: BundleMember.objects.filter(
            choose_by__isnull=False,
            choice="",
            dropped_at__isnull=True,
            stood_in__isnull=True,
            parent__state__in=IN_REVIEW,
        ).select_related("case__version", "parent__version", "parent__department"),
        "choose_by",
        lambda row: (clocks.local_day(row.case.decided_at), following.CHOICE_DAYS) if row.case.decided_at else None,
        never_earlier=True,
        moved=_choices_moved,
    )
)
duties.enter(
    duties.Duty(
        "answers to questions",
        lambda: Talk.objects.filter(waiting_since__isnull=False).select_related("case__department"),
        "due",
        lambda row: (clocks.receipt_day(row.case, row.waiting_since), conversing.ANSWERED_WITHIN),
        moved=lambda rows: changed(*(row.case for row in rows)),
    )
)
duties.enter(
    duties.Duty(
        "packages to prepare",
        lambda: Delivery.objects.filter(state=DeliveryState.PREPARING, due__isnull=False).select_related(
            "case__department"
        ),
        "due",
        lambda row: (row.due_from, PREPARE_DAYS) if row.due_from else None,
        moved=lambda rows: changed(*(row.case for row in rows)),
    )
)
