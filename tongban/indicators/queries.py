from datetime import date, timedelta

from django.db.models import F, QuerySet, Sum

from tongban.indicators.models import DailySum, Measure, Part
from tongban.indicators.rules import Share

A_YEAR = timedelta(days=365)


def figures(department: str, *, today: date) -> dict[str, dict[str, Share]]:
    """{matter: {measure: share}} of the last year, from the daily sums of one department."""
    rows = (
        DailySum.objects.filter(department=department, day__gt=today - A_YEAR)
        .values("matter", "measure")
        .annotate(of=Sum("part"), whole_=Sum("whole"), n=Sum("cases"))
        .order_by("matter", "measure")
    )
    found: dict[str, dict[str, Share]] = {}
    for row in rows:
        share = Share(row["measure"], row["of"], row["whole_"], row["n"])
        found.setdefault(row["matter"], {})[row["measure"]] = share
    return found


def of_matter(matter: str, *, today: date) -> dict[str, Share]:
    """{measure: share} of one matter in the last year; a measure nobody has counted for is there with nothing in it."""
    rows = (
        DailySum.objects.filter(matter=matter, day__gt=today - A_YEAR)
        .values("measure")
        .annotate(of=Sum("part"), whole_=Sum("whole"), n=Sum("cases"))
        .order_by("measure")
    )
    held = {row["measure"]: Share(row["measure"], row["of"], row["whole_"], row["n"]) for row in rows}
    return {str(name): held.get(str(name), Share(str(name), 0, 0, 0)) for name in Measure.values}


def fell_short(matter: str, measure: str, *, before: int | None = None) -> QuerySet[Part]:
    """The cases that were not whole in a measure, newest first: where a department looks when a figure is low."""
    rows = Part.objects.select_related("case__version", "case__department").filter(
        matter=matter, measure=measure, part__lt=F("whole")
    )
    return (rows if before is None else rows.filter(pk__lt=before)).order_by("-id")


def first_counted() -> str:
    """The code of a department of whose matters something was counted; empty when there is none."""
    return DailySum.objects.order_by("department", "day").values_list("department", flat=True).first() or ""
