"""Passports that their holders photograph: kept sealed, read by the machine, laid before the officer who compares.

Reading refuses nobody and nobody waits for it: the picture lies before the officers from the moment it has come.
"""

from datetime import timedelta
from typing import BinaryIO

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.journal import queries as journal_queries
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.encryption import blind_index
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed, Problem, TooMany
from tongban.materials import events, gate, identity_comparing, services, store
from tongban.materials.models import IdentityPicture
from tongban.materials.queries import Opened
from tongban.materials.reading import desk, states, understanding
from tongban.materials.reading import services as reading
from tongban.parties import events as party_events
from tongban.parties import queries as parties
from tongban.parties import rules as party_rules
from tongban.parties import services as party_services
from tongban.parties.models import Account, Proofing

log = structlog.get_logger("materials.identity")

SHELF = "identity"
ERRAND = "materials.read_identity_picture"
PICTURES_A_DAY = 6
KEPT = _("What you typed is kept.")


# -- sending


def send_picture(proofing: Proofing, file: BinaryIO | None, *, by: Account) -> IdentityPicture:
    """The page of the document, from whoever wants to be known by it. A new one takes the place of the one before."""
    if proofing.account_id != by.pk or proofing.outcome not in Proofing.OPEN:
        raise NotAllowed("nothing-to-compare", _("There is nothing to send a picture for."), status=404)
    if file is None:
        raise Invalid("no_file", _("No picture was chosen."), kept=KEPT, next_step=_("Take the picture, then send it."))
    _not_too_many(by)
    stored = services.taken_in([file], pages=services.PAGES_A_DOCUMENT, shelf=SHELF)[0]
    if len(stored.accepted.pages) != 1:
        raise Invalid(
            "one_page",
            _("This file has several pages."),
            kept=KEPT,
            next_step=_("Send only the page with your photograph."),
        )
    page = stored.accepted.pages[0]
    with transaction.atomic():
        party_services.answer_proofing(proofing, what="picture")  # holds the row: an officer decides before or after
        IdentityPicture.objects.filter(proofing=proofing).delete()
        picture = IdentityPicture.objects.create(
            proofing=proofing,
            mime=stored.accepted.mime,
            file=stored.file,
            sha256=stored.accepted.sha256,
            size=len(stored.accepted.content),
            width=page.width,
            height=page.height,
            picture_index=blind_index(stored.accepted.sha256, "materials.identity.picture"),
        )
        journal.record(
            events.IdentityPictureSent(proofing=proofing.pk),
            subject=f"account:{by.pk}",
            actor=Actor(kind="applicant", role="applicant", account=by.pk),
        )
        _enqueue(picture)
    return picture


def _not_too_many(by: Account) -> None:
    since = timezone.now() - timedelta(days=1)
    sent = journal_queries.history(f"account:{by.pk}").filter(kind="IdentityPictureSent", at__gte=since)
    if sent.count() >= PICTURES_A_DAY:
        raise TooMany(
            "too-many-pictures",
            _("You have sent many pictures today."),
            kept=_("The last one that came is kept."),
            next_step=_("Please send another one tomorrow, or come to any window with your document."),
            retry_after=24 * 3600,
        )


# -- reading, in the worker


def _enqueue(picture: IdentityPicture, *, after: timedelta | None = None) -> None:
    journal.enqueue(ERRAND, run_at=timezone.now() + after if after else None, picture=picture.pk)


@journal.carrier(ERRAND, slow=True)
def read_picture(picture: int) -> None:
    """In the child with walls, as all papers are. Done a second time, or for a picture that was replaced, it does nothing."""
    row = IdentityPicture.objects.select_related("proofing").filter(pk=picture, state__in=states.BEGUN).first()
    if row is None:
        return
    if (why := reading.why_not()) is not None:
        return _over(row, states.CANNOT, error=why)
    if row.tries >= reading.TRIES_A_PAGE or row.begun >= reading.BEGINS_A_PAGE:
        return _over(row, states.FAIL, error="broke")
    make(row, states.BEGIN, begun=F("begun") + 1)
    journal.touch(parties.topic_of(row.proofing))
    try:
        answer = desk.desk.read(store.get(row.file, sha256=row.sha256), mime=row.mime, page=0, turned=0)
    except store.Damaged:
        return _over(row, states.FAIL, error="damaged")
    except desk.Broken as broken:
        IdentityPicture.objects.filter(pk=row.pk).update(tries=F("tries") + 1, begun=0)
        log.warning("picture_broke_reader", proofing=row.proofing_id, why=str(broken)[:200])
        if row.tries + 1 >= reading.TRIES_A_PAGE:
            return _over(row, states.FAIL, error="broke")
        return _enqueue(row, after=reading.WAIT_AFTER_A_BREAK)
    understood = understanding.understand([{"page": 1, **line} for line in answer["lines"]], today=timezone.localdate())
    return _over(
        row,
        states.FINISH,
        kind=understood.kind,
        values=understood.values,
        quality=answer["quality"],
        engine=answer["engine"],
        number_index=_index(row.proofing, identity_comparing.number_read(understood.values)),
        read_at=timezone.now(),
    )


def _over(row: IdentityPicture, step, **changes) -> None:
    with transaction.atomic():
        if not IdentityPicture.objects.select_for_update().filter(pk=row.pk, state__in=states.BEGUN).exists():
            return  # replaced meanwhile
        make(row, step, **changes)
        journal.record(
            events.IdentityPictureRead(proofing=row.proofing_id, state=str(row.state)),
            subject=f"account:{row.proofing.account_id}",
            actor=PLATFORM,
        )
        journal.touch(parties.topic_of(row.proofing))


def _index(proofing: Proofing, number: str) -> str:
    checked = party_rules.check_number(proofing.id_kind, number) if number else None
    return party_rules.index_of(proofing.id_kind, checked) if checked is not None and checked.valid else ""


# -- looking


def picture_of(proofing: Proofing) -> IdentityPicture | None:
    return IdentityPicture.objects.filter(proofing=proofing).first()


def kept_of(picture: IdentityPicture) -> bytes:
    """The safe copy of what was sent."""
    try:
        return store.get(picture.file, sha256=picture.sha256)
    except store.Damaged as damaged:
        log.error("identity_picture_damaged", proofing=picture.proofing_id, why=str(damaged))
        raise Problem(
            "page_damaged",
            _("This picture was damaged in our storage and cannot be shown."),
            status=410,
            kept=KEPT,
            next_step=_("Please send the picture again."),
        ) from damaged


def shown(picture: IdentityPicture) -> Opened:
    """A picture for the screen, whatever was sent."""
    content = kept_of(picture)
    if picture.mime == "application/pdf":
        drawn = gate.draw_page(content, 0)
        content = drawn[1] if drawn else content
    mime = gate.kind_of_copy(content)
    return Opened(mime, content, f"{picture.key}.{mime.rpartition('/')[2]}")


def comparison(proofing: Proofing, picture: IdentityPicture | None) -> identity_comparing.Compared | None:
    """What was read beside what was typed; None as long as nothing was read."""
    if picture is None or picture.state != states.DONE:
        return None
    claim = {**parties.claim_of(proofing), "id_kind": proofing.id_kind}
    return identity_comparing.compare(claim, picture.values, today=timezone.localdate())


def others_with(proofing: Proofing, picture: IdentityPicture | None) -> dict[str, list[Account]]:
    """Other accounts that came with the same number or the very same picture: for officers, never for the applicant."""
    number = picture.number_index if picture is not None else ""
    same_number = {account.pk: account for account in parties.others_with_number(proofing, number)}
    if number:
        read = IdentityPicture.objects.filter(number_index=number).exclude(proofing__account=proofing.account_id)
        for other in read.select_related("proofing__account")[:10]:
            same_number.setdefault(other.proofing.account_id, other.proofing.account)
    same_picture: dict[int, Account] = {}
    if picture is not None:
        twins = IdentityPicture.objects.filter(picture_index=picture.picture_index)
        for other in twins.exclude(proofing__account=proofing.account_id).select_related("proofing__account")[:10]:
            same_picture.setdefault(other.proofing.account_id, other.proofing.account)
    return {"number": list(same_number.values()), "picture": list(same_picture.values())}


# -- going


@journal.on(party_events.ProofingDecided, party_events.ProofingAskedAgain)
def it_has_served(event: party_events.ProofingDecided | party_events.ProofingAskedAgain) -> None:
    """From here its time runs (docs/data-map.yaml); a picture that was replaced is gone already."""
    IdentityPicture.objects.filter(proofing=event.proofing, served_at__isnull=True).exclude(
        proofing__outcome=Proofing.Outcome.BY_HAND
    ).update(served_at=timezone.now())


@journal.every("clean the store of photographed documents", timedelta(days=1))
def clean() -> int:
    """Delete the files of pictures that are gone, a day after."""
    named = set(IdentityPicture.objects.values_list("file", flat=True))
    return store.sweep(SHELF, named, before=timezone.now() - services.ORPHANS_STAY)
