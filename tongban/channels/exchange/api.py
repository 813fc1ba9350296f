"""The open interface (docs/api.md). Errors are problem documents; each contract is the one of shared/contracts.md."""

from datetime import date, datetime
from typing import Any

from django.http import Http404
from ninja import NinjaAPI, Query, Schema
from ninja.errors import ValidationError

from tongban.channels import doorkeeper
from tongban.departments import queries as departments
from tongban.lib.problems import Invalid, Problem
from tongban.lib.workdays import REASONS
from tongban.licences import services as licences

api = NinjaAPI(title="Tongban", version="1", urls_namespace="exchange:api", openapi_url="openapi.json", docs_url=None)


@api.exception_handler(Problem)
def say_problem(request, problem):
    return doorkeeper.show_problem(request, problem)


@api.exception_handler(ValidationError)
def say_invalid(request, wrong):
    errors = {str(one["loc"][-1]): [one["msg"]] for one in wrong.errors}
    return doorkeeper.show_problem(request, Invalid("not-understood", errors=errors))


class Due(Schema):
    due: date
    provisional: bool


class Day(Schema):
    working_day: bool
    reason: str
    provisional: bool


class Checked(Schema):
    signature: bool
    status: str
    reason: str
    status_age: int
    status_since: datetime
    checked_at: datetime
    identifier: str
    type: dict[str, str]
    issuer: dict[str, str]
    issued_on: date
    valid_from: date
    valid_to: date | None
    face: list[dict[str, Any]]
    demonstration: bool


@api.get("/clock/due", response=Due, tags=["clock"])
def clock_due(request, start: date, working_days: int = Query(ge=0, le=10_000)):
    """The day on which the Nth working day after the start falls."""
    due = departments.calendar().due(start, working_days)
    return {"due": due.day, "provisional": due.provisional}


@api.get("/clock/is-working-day", response=Day, tags=["clock"])
def clock_is_working_day(request, date: date):
    """Whether people work on a day, and why."""
    kind = departments.calendar().is_working_day(date)
    return {
        "working_day": kind.working,
        "reason": str(kind.name or REASONS[kind.reason]),
        "provisional": kind.provisional,
    }


@api.get("/licences/verify/{token}", response=Checked, tags=["licences"])
def licence_verify(request, token: str):
    """Signature, then status, then the limited face of a licence."""
    found = licences.verify(token, channel="api")
    if found is None:
        raise Http404
    return found
