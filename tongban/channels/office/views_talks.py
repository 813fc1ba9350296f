"""Questions that wait for an answer at this desk, the earliest first, with their light. What was asked is read in the case."""

from datetime import date

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from tongban.cases import talking
from tongban.channels.doorkeeper import for_officer


@require_GET
@for_officer
def talks(request, officer):
    rows = talking.waiting(officer, after=_after(request.GET.get("after", "")), limit=talking.PAGE + 1)
    page, more = rows[: talking.PAGE], len(rows) > talking.PAGE
    today = timezone.localdate()
    context = {
        "officer": officer,
        "rows": [{"talk": one, "light": talking.light(one, today)} for one in page],
        "next": f"{page[-1].due.isoformat()}_{page[-1].pk}" if more else "",
    }
    return render(request, "office/talks.html", context)


def _after(said: str) -> tuple[date, int] | None:
    day, _line, key = said.partition("_")
    try:
        return date.fromisoformat(day), int(key[:18])
    except ValueError:
        return None
