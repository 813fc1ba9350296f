"""Guide robots by the open interface: asked in words, they get matter, windows, way and a number. Opened by the robot's own key."""

from typing import Annotated, Any

from django.http import Http404
from django.utils import timezone
from django.utils.translation import get_language
from ninja import Path, Query, Schema
from pydantic import ConfigDict, Field

from tongban.channels.exchange.api import Said, Strict
from tongban.channels.exchange.api_licences import api
from tongban.halls import queries_places, queries_robots, queries_screens
from tongban.halls.models import Machine, MachineKind
from tongban.halls.queue_rules import Estimate
from tongban.halls.services import tickets

Key = Annotated[str, Path(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+$", description="The robot's key")]

FROM = "Nine of ten are called between these two, where that says more than one figure: tell both; null: the one figure is as good"
UNTIL = "The later of the two"


class RobotAnswer(Strict):
    matter: str = Field(description="Slug of the matter; empty where only a queue was understood")
    title: str
    queue: str = Field(description="What to take a number for")
    queue_name: Said
    waiting: int | None = Field(description="People who wait in this queue now")
    minutes: int | None = Field(description="About how long a new number waits; null: no window is open")
    minutes_from: int | None = Field(description=FROM)
    minutes_until: int | None = Field(description=UNTIL)
    windows: list[int] = Field(description="Numbers of the windows that may call it")
    open_windows: list[int]
    target: int | None = Field(description="The window that `way` leads to")
    way: list[list[float]] = Field(
        description="Points of the way on the floor plan, in hundredths of its width and height"
    )


class RobotAnswers(Strict):
    hall: str
    understood: bool = Field(description="False: the only answer, if any, is the desk where a person is asked")
    answers: list[RobotAnswer]


class RobotWish(Schema):
    model_config = ConfigDict(extra="forbid")

    queue: Annotated[str, Field(min_length=1, max_length=2, description="From an answer")]
    matter: Annotated[str, Field(max_length=100)] = Field(default="", description="From an answer")


class RobotTicket(Strict):
    number: str
    queue: str
    ahead: int | None
    slip: str = Field(description="Path of the page that goes on by phone")


def _robot(key: str) -> Machine:
    found = queries_screens.machine(key, MachineKind.ROBOT)
    if found is None:
        raise Http404
    return found


@api.get("/robots/{key}/answers", response=RobotAnswers, tags=["robots"])
def robot_answers(
    request, key: Key, q: Annotated[str, Query(min_length=1, max_length=200, description="In Chinese or English")]
):
    """What somebody asked in words: the best matters, who takes them in the robot's hall, how long one waits, the way there."""
    row, now = _robot(key), timezone.now()
    found = queries_robots.answers(row.hall, q, now, get_language())
    person = None if found else queries_robots.somebody(row.hall, now)
    rows = found or ([person] if person else [])
    return {"hall": row.hall.code, "understood": bool(found), "answers": [_said(row, one) for one in rows]}


def between(told: Estimate | None) -> dict[str, int | None]:
    """As it stands beside the one figure on screens and slips."""
    low, high = (told.span if told else None) or (None, None)
    return {"minutes_from": low, "minutes_until": high}


def _said(row: Machine, one: queries_robots.Answer) -> dict[str, Any]:
    return {
        "matter": one.slug,
        "title": one.title,
        "queue": one.category.code,
        "queue_name": one.category.name,
        "waiting": one.now.waiting if one.now else None,
        "minutes": one.now.minutes if one.now else None,
        **between(one.now.estimate if one.now else None),
        "windows": [window.number for window in one.windows],
        "open_windows": [window.number for window in one.open_windows],
        "target": one.target.number if one.target else None,
        "way": [list(point) for point in queries_robots.way(row.hall, row, one.target)],
    }


@api.post("/robots/{key}/tickets", response=RobotTicket, tags=["robots"])
def robot_ticket(request, key: Key, wish: RobotWish):
    """A number for a queue of the robot's hall, by the same rules as at the ticket machine."""
    row = _robot(key)
    version = queries_places.published(wish.matter) if wish.matter else None
    ticket = tickets.issue(
        row.hall,
        wish.queue,
        actor=tickets.VISITOR,
        channel="robot",
        matter=version.matter if version else None,
        language=get_language() or "zh-hans",
        at=timezone.now(),
    )
    return {
        "number": ticket.label,
        "queue": ticket.category.code,
        "ahead": ticket.ahead,
        "slip": f"/ticket/{ticket.key}/",
    }
