"""What is asked about looks, second persons, questions and alerts."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from tongban.departments.models import Officer
from tongban.journal import queries as journal
from tongban.oversight import rules
from tongban.oversight.models import Alert, Allowance, Look, ReadQuestion
from tongban.parties.models import Party

PAGE = 30


def open_look(
    officer: Officer, *, about: str = "", party: int | None = None, now: datetime | None = None
) -> Look | None:
    """The look for which this officer has given a reason already, at this case or at this person."""
    now = now or timezone.now()
    rows = Look.objects.filter(officer=officer, at__lte=now, ends_at__gt=now)
    which = Q(pk__in=[])
    if about:
        which |= Q(about=about)
    if party is not None:
        which |= Q(party_id=party, about="")
    return rows.filter(which).order_by("-id").first()


def look_of(officer: Officer, pk: int, now: datetime | None = None) -> Look | None:
    now = now or timezone.now()
    found = Look.objects.select_related("party").filter(pk=pk, officer=officer, ends_at__gt=now).first()
    return found


def looks(*, open_only: bool, before: int | None = None) -> tuple[list[Look], int | None]:
    rows = Look.objects.select_related("officer__department", "party", "closed_by").order_by("-id")
    if open_only:
        rows = rows.filter(closed_at__isnull=True)
    return _page(rows, before)


def questions(*, open_only: bool, before: int | None = None) -> tuple[list[ReadQuestion], int | None]:
    rows = ReadQuestion.objects.select_related("party", "answered_by").order_by("-id")
    if open_only:
        rows = rows.filter(answered_at__isnull=True)
    return _page(rows, before)


def questions_of(party: Party, entries) -> dict[int, ReadQuestion]:
    """{read entry: question} of what this party asked about."""
    rows = ReadQuestion.objects.select_related("answered_by").filter(party=party, entry__in=list(entries))
    return {row.entry: row for row in rows}


def alerts(*, open_only: bool, before: int | None = None) -> tuple[list[Alert], int | None]:
    rows = Alert.objects.select_related("account", "seen_by").order_by("-id")
    if open_only:
        rows = rows.filter(seen_at__isnull=True)
    return _page(rows, before)


def allowances(*, before: int | None = None) -> tuple[list[Allowance], int | None]:
    rows = Allowance.objects.select_related("officer__department", "decided_by").order_by("-id")
    return _page(rows, before)


def allowance(pk: int) -> Allowance | None:
    return Allowance.objects.select_related("officer__department").filter(pk=pk).first()


def one(kind: str, pk: int) -> Look | ReadQuestion | Alert | None:
    """A look, a question or an alert by the name of its list."""
    model: Any = {"looks": Look, "questions": ReadQuestion, "alerts": Alert}.get(kind)
    return model.objects.filter(pk=pk).first() if model else None


def allowances_of(officer: Officer) -> list[Allowance]:
    return list(Allowance.objects.select_related("decided_by").filter(officer=officer).order_by("-id")[:10])


def _page(rows: QuerySet, before: int | None) -> tuple[list, int | None]:
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page = list(rows[: PAGE + 1])
    return page[:PAGE], page[PAGE - 1].pk if len(page) > PAGE else None


def waiting() -> dict[str, int]:
    """How much waits for whoever supervises."""
    return {
        "looks": Look.objects.filter(closed_at__isnull=True).count(),
        "questions": ReadQuestion.objects.filter(answered_at__isnull=True).count(),
        "alerts": Alert.objects.filter(seen_at__isnull=True).count(),
        "allowances": Allowance.objects.filter(granted__isnull=True).count(),
    }


def delayed(now: datetime | None = None) -> list[dict]:
    """Looks that people are not told of yet, counted by law: {"law_code", "department", "number"}; never whose they are."""
    now = now or timezone.now()
    rows = Look.objects.filter(hidden_until__gt=now).values("law_code", "department")
    return [dict(row) for row in rows.annotate(number=Count("pk")).order_by("law_code", "department")]


def allowed_more(officer: int, kind: str, now: datetime) -> int:
    """What second persons have allowed this officer for now."""
    granted = Allowance.objects.filter(officer_id=officer, kind=kind, granted=True, until__gt=now)
    return granted.aggregate(number=Sum("number"))["number"] or 0


def allowed_by(officer: Officer, kind: str, now: datetime) -> Officer | None:
    row = (
        Allowance.objects.select_related("decided_by")
        .filter(officer=officer, kind=kind, granted=True, until__gt=now)
        .order_by("-decided_at")
        .first()
    )
    return row.decided_by if row else None


def exported_lately(officer: Officer, now: datetime) -> int:
    return journal.reads_for(officer.account_id, now - rules.HOUR, rules.EXPORTING)
