"""What staff at an entrance do with other people's codes."""

from datetime import datetime

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.codes.models import Entrance, Reader, Scene
from tongban.codes.services import entering, verifying
from tongban.lib.problems import NotAllowed, TooMany
from tongban.parties.models import Account

SCENE = "venue_entry"
# One reader for the entrances of all venues: what is written down about a scan says that it was at a venue, and not at which. Where
# somebody was is kept nowhere on this server.
PLACE = "场所入口 Entrance of a venue"
TRIES, WITHIN = 20, 3600


def reader() -> Reader:
    scene = Scene.objects.filter(slug=SCENE, in_force=True).first()
    if scene is None:
        raise NotAllowed(
            "no-scene",
            _("Identity codes are not read at entrances here."),
            next_step=_("Let the person scan the poster, or write them down."),
        )
    found = (
        Reader.objects.select_related("scene").filter(scene=scene, operator=SCENE, place=PLACE).order_by("id").first()
    )
    return found or Reader.objects.create(name=PLACE, place=PLACE, operator=SCENE, sort=Reader.Sort.DESK, scene=scene)


def scan(
    entrance: Entrance, payload: str, *, by: Account, now: datetime | None = None
) -> tuple[entering.Entered | None, str]:
    """(how it went, "") or (None, why the code was not accepted). The staff are told no name, no colour and no test."""
    now = now or timezone.now()
    verdict = verifying.verify(payload, reader=reader(), purpose=SCENE, at=now, by=by)
    if not verdict.good or verdict.party is None:
        return None, verdict.reason or "ended"
    return entering.come_by_staff(entrance, verdict.party, now=now), ""


def take_a_try(account: int) -> None:
    """A code of ten letters is not guessed: so many tries an hour."""
    name = f"venue-code-tries:{account}"
    cache.add(name, 0, WITHIN)
    try:
        taken = cache.incr(name)
    except ValueError:  # it ended this very moment
        taken = 1
    if taken > TRIES:
        raise TooMany(
            "too-many-tries",
            _("Too many codes were tried."),
            next_step=_("Wait an hour, and let the manager read the code out slowly."),
            retry_after=WITHIN,
        )
