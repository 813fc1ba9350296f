"""The law of venue codes: a venue, the posters at its entrances, the people on its staff list, what is reported about a poster."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import Move, move


class VenueState(models.TextChoices):
    ACTIVE = "active", _("in use")
    SUSPENDED = "suspended", _("suspended")
    ENDED = "ended", _("given up")


class PosterState(models.TextChoices):
    CURRENT = "current", _("hangs at the entrance")
    REPLACED = "replaced", _("replaced by another one")
    TAKEN_DOWN = "taken_down", _("taken down")


class WorkerState(models.TextChoices):
    INVITED = "invited", _("waits for the worker's yes")
    WORKS = "works", _("works here")
    ENDED = "ended", _("not on the list any more")


class VenueReportState(models.TextChoices):
    OPEN = "open", _("to be looked at")
    CLOSED = "closed", _("looked at")


V, P, W, R = VenueState, PosterState, WorkerState, VenueReportState

REGISTER = move("register_venue", set(), V.ACTIVE, by="platform", guard="a granted application for a venue code, once")
SUSPEND = move(
    "suspend_venue",
    V.ACTIVE,
    V.SUSPENDED,
    by=("coordinator", "supervisor"),
    guard="reason written; the manager is told",
)
RESUME = move("resume_venue", V.SUSPENDED, V.ACTIVE, by=("coordinator", "supervisor"), guard="reason written")
GIVE_UP = move(
    "give_up_venue", {V.ACTIVE, V.SUSPENDED}, V.ENDED, by=("applicant", "coordinator"), guard="its posters die with it"
)

HANG = move(
    "hang_poster", set(), P.CURRENT, by="applicant", guard="venue in use, entrance with a code and not with a device"
)
REPLACE = move("replace_poster", P.CURRENT, P.REPLACED, by="applicant", guard="the new one is made in the same act")
TAKE_DOWN = move(
    "take_down_poster", P.CURRENT, P.TAKEN_DOWN, by=("applicant", "coordinator"), guard="or a device takes its place"
)

INVITE = move("invite_worker", set(), W.INVITED, by="applicant", guard="a code for the worker, for fourteen days")
AGREE = move(
    "agree_to_work", W.INVITED, W.WORKS, by="applicant", guard="the worker alone, with an account of their own"
)
LEAVE = move(
    "leave_venue", {W.INVITED, W.WORKS}, W.ENDED, by=("applicant", "platform"), guard="worker or manager, at any time"
)

REPORT = move("report_poster", set(), R.OPEN, by="applicant", guard="anybody, without a name unless wished")
CLOSE_REPORT = move(
    "close_venue_report", R.OPEN, R.CLOSED, by=("coordinator", "supervisor"), guard="what was found is written"
)

VENUE_MOVES: list[Move] = [REGISTER, SUSPEND, RESUME, GIVE_UP]
POSTER_MOVES: list[Move] = [HANG, REPLACE, TAKE_DOWN]
WORKER_MOVES: list[Move] = [INVITE, AGREE, LEAVE]
REPORT_MOVES: list[Move] = [REPORT, CLOSE_REPORT]
MOVES: list[Move] = [*VENUE_MOVES, *POSTER_MOVES, *WORKER_MOVES, *REPORT_MOVES]
