"""What a registered reader may ask a wallet to show: one kind of licence, no more of it than was registered, for the purpose of its scene.

A shop, a hotel, a bank asks as an officer does (`licences.credential_requests`); that it may, and the most it may ask, a registrar has
written down beside its scene, and the holder reads who asked, for what, and sees it in the record of use.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tongban.codes.models import Reader
from tongban.codes.services.enrolling import DEVICES
from tongban.codes.services.readers import KEPT, permit, say
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import credential_requests as requests
from tongban.licences import queries as licences
from tongban.licences.credential_models import CredentialRequest

COLLECTED_WITHIN = timedelta(hours=1)  # after that only the holder still sees what was shown
FIELDS_AT_MOST = 6  # a reader that needs more is an authority, and officers of authorities ask themselves


@transaction.atomic
def allow(row: Reader, *, kind: str, fields: Sequence[str], officer: Officer) -> Reader:
    """Write down what it may ask; without a kind it may ask nothing any more."""
    actor = permit(officer)
    of = licences.types().filter(slug=kind).first() if kind else None
    if kind and of is None:
        raise Invalid("wallet-kind", errors={"kind": [_("Please choose a licence of the list.")]}, kept=KEPT)
    wanted = [one["name"] for one in requests.may_be_asked(of) if one["name"] in set(fields)] if of else []
    if of is not None and not wanted:
        raise Invalid(
            "wallet-fields", errors={"fields": [_("Choose at least one thing the purpose needs.")]}, kept=KEPT
        )
    if len(wanted) > FIELDS_AT_MOST:
        raise Invalid("wallet-fields", errors={"fields": [_("Six things are the most a reader may ask.")]}, kept=KEPT)
    Reader.objects.filter(pk=row.pk).update(wallet_kind=of, wallet_fields=wanted)
    row.refresh_from_db()
    journal.touch(DEVICES)
    say(row, "wallet" if of else "wallet_ended", actor)
    return row


def ask(reader: Reader, *, fields: Sequence[str] | None, now: datetime) -> CredentialRequest:
    """A question of this reader: all that is registered, or less of it."""
    if reader.wallet_kind is None:
        raise NotAllowed(
            "wallet-not-registered",
            _("This reader is not registered to ask wallets."),
            next_step=_("Have the service office write down which licence it may ask for, and what of it."),
            status=403,
        )
    wanted = list(reader.wallet_fields) if fields is None else list(dict.fromkeys(fields))
    if not wanted or set(wanted) - set(reader.wallet_fields):
        raise NotAllowed(
            "wallet-more-than-registered",
            _("More was asked than this reader is registered for."),
            next_step=_("Ask for what is registered, or have more of it registered with a purpose that needs it."),
            status=403,
        )
    purpose = reader.scene.purpose
    both = f"{purpose['zh']} / {purpose['en']}"
    return requests.ask_for_reader(
        reader.wallet_kind, fields=wanted, purpose=both if len(both) <= 80 else purpose["zh"][:80], reader=reader.ref,
        asker=f"{reader.operator} {reader.place}".strip(), now=now,
    )  # fmt: skip


def answer_of(reader: Reader, key: str, now: datetime) -> CredentialRequest | None:
    """The question with what came of it, for whoever asked it and for an hour."""
    row = requests.asked_by_reader(reader.ref).filter(key=key).first()
    late = row is not None and row.answered_at is not None and row.answered_at + COLLECTED_WITHIN < now
    return None if late else row
