"""The law of handing over: what becomes of a package of results on paper. The electronic result is there beside it, always."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tongban.lib.moves import Move, move


class Way(models.TextChoices):
    """As the forms name them; `e_licence`, the wallet alone, makes no package."""

    PICKUP = "pickup", _("at a window")
    LOCKER = "locker", _("from a locker")
    POST = "post", _("by post")


class DeliveryState(models.TextChoices):
    CHOSEN = "chosen", _("chosen")
    PREPARING = "preparing", _("being prepared")
    WAITING = "waiting", _("waiting at the hall")
    IN_LOCKER = "in_locker", _("in a locker")
    POSTED = "posted", pgettext_lazy("of a parcel", "on its way")
    HANDED_OVER = "handed_over", _("handed over")
    UNCLAIMED = "unclaimed", _("not collected, back at the department")
    DROPPED = "dropped", _("no longer wanted on paper")


D = DeliveryState

TO_BE_MADE = {D.CHOSEN, D.PREPARING}
THERE = {D.WAITING, D.IN_LOCKER}
OPEN = TO_BE_MADE | THERE | {D.POSTED}
OVER = set(DeliveryState) - OPEN
CHANGEABLE = {D.CHOSEN, D.PREPARING, D.WAITING}

CHOOSE = move("choose", (), D.CHOSEN, by=("applicant", "agent", "platform"), guard="paper is wanted")
PREPARE = move(
    "prepare", D.CHOSEN, D.PREPARING, by=("platform", "issuing_officer", "applicant", "agent"),
    guard="the result is being made, or is there already",
)  # fmt: skip
LAY_OUT = move(
    "lay_out", D.PREPARING, D.WAITING, by=("issuing_officer",), guard="sealed, printed, laid into its place at the hall",
    clock="stops issuance: the case becomes ready; 30 days to collect it begin", document="collection notice",
)  # fmt: skip
PUT_IN = move(
    "put_in", D.PREPARING, D.IN_LOCKER, by=("issuing_officer",), guard="the locker gave a door; its code is the pick-up code",
    clock="stops issuance: the case becomes ready", document="collection notice",
)  # fmt: skip
POST = move(
    "post", D.PREPARING, D.POSTED, by=("issuing_officer",), guard="address is there; the courier gave a tracking number",
    clock="stops issuance: the case becomes ready", document="collection notice",
)  # fmt: skip
HAND_OVER = move(
    "hand_over", D.WAITING, D.HANDED_OVER, by=("issuing_officer",),
    guard="code or name, document compared, last result handed over and signed for", document="proof of delivery",
)  # fmt: skip
OPEN_DOOR = move(
    "open_door",
    D.IN_LOCKER,
    D.HANDED_OVER,
    by=("locker",),
    guard="signed notice of the locker",
    document="proof of delivery",
)
SIGNED_FOR = move(
    "signed_for", D.POSTED, D.HANDED_OVER, by=("courier", "issuing_officer"),
    guard="signed notice of the courier, or the courier's own slip seen", document="proof of delivery",
)  # fmt: skip
COME_BACK = move(
    "come_back", D.POSTED, D.WAITING, by=("courier", "issuing_officer"),
    guard="signed notice of the courier, or the parcel lies here", clock="30 days to collect it begin",
)  # fmt: skip
LOSE = move(
    "lose", D.POSTED, D.PREPARING, by=("issuing_officer",),
    guard="the courier says that it is lost, or says nothing for long: the paper is made anew", clock="10 days to prepare it begin anew",
)  # fmt: skip
TAKE_OUT = move(
    "take_out", D.IN_LOCKER, D.WAITING, by=("issuing_officer",), guard="nobody came, or the applicant asked for it",
    clock="30 days to collect it begin",
)  # fmt: skip
HOLD_BACK = move(
    "hold_back", D.IN_LOCKER, D.IN_LOCKER, by=("platform",),
    guard="something behind the door does not count any more: the code opens nothing, an officer takes it out",
)  # fmt: skip
CHANGE = move(
    "change", {D.PREPARING, D.WAITING}, D.PREPARING, by=("applicant", "agent"),
    guard="another way, before it was handed over or sent",
)  # fmt: skip
DROP = move(
    "drop", CHANGEABLE, D.DROPPED, by=("applicant", "agent", "platform"),
    guard="the electronic result is enough; or there will be no result",
)  # fmt: skip
GIVE_UP = move(
    "give_up", D.WAITING, D.UNCLAIMED, by=("platform",), guard="30 days over, reminded on day 7 and day 23",
    document="notice that it was not collected",
)  # fmt: skip

MOVES: list[Move] = [
    CHOOSE, PREPARE, LAY_OUT, PUT_IN, POST, HAND_OVER, OPEN_DOOR, SIGNED_FOR, COME_BACK, LOSE, TAKE_OUT, HOLD_BACK, CHANGE, DROP, GIVE_UP,
]  # fmt: skip

WAITS_DAYS = 30  # calendar days at the hall; demonstration district (issue 4 item 7)
REMINDED_ON = (7, 23)  # days after it was laid out
IN_LOCKER_DAYS = 5  # calendar days behind a door, then it waits at the hall
PREPARE_DAYS = 10  # working days: Administrative Licensing Law, art. 44, issue and deliver


class Parcel(models.TextChoices):
    """What a courier says of a parcel, in our words."""

    COLLECTED = "collected", _("handed to the courier")
    IN_TRANSIT = "in_transit", pgettext_lazy("of a parcel", "on its way")
    OUT = "out", _("out for delivery")
    FAILED = "failed", _("nobody was there")
    DELIVERED = "delivered", _("delivered and signed for")
    RETURNED = "returned", _("returned to the hall")
