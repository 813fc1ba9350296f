"""The law of appointments: a booked slot, from holding it to having been served (demo/halls.yaml)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tongban.lib.moves import move


class AppointmentState(models.TextChoices):
    HELD = "held", _("held for you")
    CONFIRMED = "confirmed", _("booked")
    CHECKED_IN = "checked_in", _("you are here")
    SERVED = "served", _("served")
    NO_SHOW = "no_show", _("nobody came")
    CANCELLED = "cancelled", pgettext_lazy("appointment", "cancelled")
    LAPSED = "lapsed", _("not confirmed in time")


class WishState(models.TextChoices):
    """A place on the waiting list for something earlier."""

    WAITING = "waiting", _("waiting for an earlier time")
    OFFERED = "offered", _("an earlier time is offered")
    TAKEN = "taken", _("earlier time taken")
    ENDED = "ended", _("ended")


A, W = AppointmentState, WishState

HOLD = move(
    "hold_slot",
    set(),
    A.HELD,
    by=("visitor", "staff"),
    guard="a free place; the person may book online",
    clock="five minutes",
)
CONFIRM = move("confirm_appointment", A.HELD, A.CONFIRMED, by=("visitor", "staff"), guard="while it is held")
LAPSE = move("lapse_hold", A.HELD, A.LAPSED, by="platform", guard="not confirmed in time; the place is free again")
CHECK_IN = move(
    "check_in",
    A.CONFIRMED,
    A.CHECKED_IN,
    by=("visitor", "helper", "window_officer"),
    guard="on its day at its hall; makes the ticket",
)
SERVED_NOW = move(
    "serve_appointment", A.CHECKED_IN, A.SERVED, by=("window_officer", "issuing_officer"), guard="its ticket is done"
)
MISS = move("miss_appointment", A.CONFIRMED, A.NO_SHOW, by="platform", guard="not checked in by the end of the slot")
CANCEL = move(
    "cancel_appointment",
    {A.HELD, A.CONFIRMED},
    A.CANCELLED,
    by=("visitor", "staff", "platform"),
    guard="until two hours before; the hall may at any time and tells the holder",
)

APPOINTMENT_MOVES = [HOLD, CONFIRM, LAPSE, CHECK_IN, SERVED_NOW, MISS, CANCEL]

WISH = move("wish_earlier", set(), W.WAITING, by="visitor", guard="holds an appointment or none was free")
OFFER = move(
    "offer_earlier",
    W.WAITING,
    W.OFFERED,
    by="platform",
    guard="a place came free, after a random delay",
    clock="two hours or until the slot",
)
TAKE = move("take_earlier", W.OFFERED, W.TAKEN, by="visitor", guard="the place is still kept for this person")
PASS_ON = move(
    "pass_on_earlier",
    W.OFFERED,
    W.WAITING,
    by=("visitor", "platform"),
    guard="not wanted or not answered: the next one is asked",
)
END_WISH = move(
    "end_wish", {W.WAITING, W.OFFERED}, W.ENDED, by=("visitor", "platform"), guard="withdrawn, or the day is over"
)

WISH_MOVES = [WISH, OFFER, TAKE, PASS_ON, END_WISH]
MOVES = [*APPOINTMENT_MOVES, *WISH_MOVES]
