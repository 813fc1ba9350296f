"""Readers are registered at the office: who runs them, where they stand, for which scene. One that is lost is suspended at once."""

import hashlib
import hmac
import secrets

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.codes.events import ReaderChanged
from tongban.codes.models import Reader, Scene
from tongban.codes.services.enrolling import DEVICES
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.problems import Invalid, NotAllowed

REGISTRARS = ("coordinator", "supervisor")
ATTENDANTS = ("window_officer", "inspector", "helper", *REGISTRARS)
KEPT = _("Nothing was changed. What you typed is kept on this page.")
REASON_AT_LEAST = 5
LONGEST = {"name": 80, "place": 120, "operator": 80}


def registered() -> QuerySet[Reader]:
    return Reader.objects.select_related("scene").order_by("place", "name", "id")


def at_hand() -> QuerySet[Reader]:
    """Readers that an officer holds: where a person with a scanner stands."""
    return registered().filter(state=Reader.State.ACTIVE, sort=Reader.Sort.DESK, scene__in_force=True)


def by_credentials(ref: str, secret: str) -> Reader | None:
    """The reader that knows this secret, suspended or not; None for everybody else. The same time is taken either way."""
    row = Reader.objects.select_related("scene").filter(ref=ref).first() if len(ref) == 12 else None
    known = row.secret_digest if row is not None else ""
    right = hmac.compare_digest(known or _digest(""), _digest(secret))
    return row if row is not None and known and right else None


@transaction.atomic
def register(
    *, name: str, place: str, operator: str, sort: str, scene: str, asks: bool = False, officer: Officer
) -> tuple[Reader, str]:
    """The reader and its secret, which is said this once and kept only as a digest."""
    actor = permit(officer)
    given = {"name": name.strip(), "place": place.strip(), "operator": operator.strip()}
    errors: dict[str, list] = {field: [_("Please fill this in.")] for field, text in given.items() if not text}
    errors |= {field: [_("This is too long.")] for field, text in given.items() if len(text) > LONGEST[field]}
    of = Scene.objects.filter(slug=scene, in_force=True).first()
    if of is None:
        errors["scene"] = [_("Please choose what it reads codes for.")]
    if sort not in Reader.Sort.values:
        errors["sort"] = [_("Please choose what it is.")]
    if asks and sort != Reader.Sort.GATE:
        errors["asks"] = [_("Only a gate with nobody beside it asks the phone.")]
    if errors or of is None:
        raise Invalid("reader-not-registered", errors=errors, kept=KEPT)
    secret = secrets.token_urlsafe(32)
    row = Reader.objects.create(
        **given, sort=sort, scene=of, asks=asks, registered_by=officer, secret_digest=_digest(secret)
    )
    say(row, "register", actor)
    return row, secret


@transaction.atomic
def suspend(row: Reader, *, officer: Officer, why: str) -> Reader:
    """From this moment it gets no answer."""
    actor = permit(officer)
    if len(why.strip()) < REASON_AT_LEAST:
        raise Invalid("reason-short", errors={"why": [_("Please say why, in a few words.")]}, kept=KEPT)
    _change(
        row, Reader.State.ACTIVE, Reader.State.SUSPENDED, suspended_at=timezone.now(), suspended_why=why.strip()[:300]
    )
    say(row, "suspend", actor)
    return row


@transaction.atomic
def resume(row: Reader, *, officer: Officer) -> Reader:
    actor = permit(officer)
    _change(row, Reader.State.SUSPENDED, Reader.State.ACTIVE, suspended_at=None, suspended_why="")
    say(row, "resume", actor)
    return row


@transaction.atomic
def renew_secret(row: Reader, *, officer: Officer) -> str:
    """A new secret, said this once; the old one ends now."""
    actor = permit(officer)
    secret = secrets.token_urlsafe(32)
    Reader.objects.filter(pk=row.pk).update(secret_digest=_digest(secret))
    say(row, "renew_secret", actor)
    return secret


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _change(row: Reader, source: str, target: str, **changes) -> None:
    if not Reader.objects.filter(pk=row.pk, state=source).update(state=target, **changes):
        raise NotAllowed(
            "reader-elsewhere",
            _("This reader is not in that state any more."),
            kept=_("Nothing was changed."),
            next_step=_("Reload the page."),
        )
    row.refresh_from_db()
    journal.touch(DEVICES)  # every process looks again before it answers one of its devices


def permit(officer: Officer) -> Actor:
    held = [role for role in REGISTRARS if role in officer.roles]
    if not held:
        raise NotAllowed("not-your-readers", _("Readers are registered by the service office."), status=403)
    return Actor(
        "officer", held[0], account=officer.account_id, department=officer.department.code, name=officer.shown_name
    )


def say(row: Reader, act: str, actor: Actor) -> None:
    journal.record(ReaderChanged(reader=row.pk, act=act), subject=f"reader:{row.ref}", actor=actor)
