"""Who stands at a window: the document is compared by the officer; what the record does not know, the register is asked.

Nobody is asked to carry a telephone: the number of a mobile is kept when there is one.
"""

from dataclasses import dataclass
from datetime import date

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.problems import Invalid, NotAllowed, Unavailable
from tongban.parties import events, queries, rules, services
from tongban.parties.gateways.proofing import proofing_gateway
from tongban.parties.gateways.proofing.base import Claim, Match, Refused, Registered, Unanswered
from tongban.parties.models import IdKind, Person

log = structlog.get_logger("parties")

COMPARERS = {"window_officer", "coordinator"}
KEPT = _("Nothing was begun. What you typed stands here still.")


@dataclass(frozen=True)
class Known:
    """The person, and how it was made sure: by the record, by the register, or by hand alone."""

    person: Person
    proof: str


def identify(
    *,
    id_kind: str,
    id_no: str,
    actor: Actor,
    compared: bool,
    name: str = "",
    mobile: str = "",
    birth_date: date | None = None,
    sex: str = "",
    nationality: str = "",
) -> Known:
    """The person whose document lies here. Raises Invalid with code `unknown-person` when the name is needed to ask the register.

    Without having compared the document nobody is looked up at all: a number alone opens no record.
    """
    if actor.role not in COMPARERS:
        raise NotAllowed("not-your-role", _("Identities are compared by window officers."), status=403)
    errors = _lacking(id_kind, id_no, compared)
    if errors:
        raise Invalid("identity-incomplete", errors=errors, kept=KEPT)
    person = queries.person_by_number(id_kind, id_no)
    if person is not None:
        return _noted(Known(person, "record"), actor)
    claim = _claim(id_kind, id_no, name, mobile, birth_date, sex, nationality)
    return _noted(_asked(claim), actor)


def _lacking(id_kind: str, id_no: str, compared: bool) -> dict[str, list]:
    errors: dict[str, list] = {}
    if rules.kind(id_kind) not in IdKind.values:
        errors["id_kind"] = [_("Please choose the kind of document first.")]
    elif not (checked := rules.check_number(id_kind, id_no)).valid:
        errors["id_no"] = [checked.reason]
    if not compared:
        errors["compared"] = [_("Compare the person with the document, then tick this.")]
    return errors


def _claim(id_kind, id_no, name, mobile, birth_date, sex, nationality) -> Claim:
    """What the document says of somebody the record does not know yet; all that is lacking at once."""
    number = rules.check_number(id_kind, id_no)
    errors: dict[str, list] = {}
    if not name.strip():
        errors["name"] = [_("This person is not known here yet. Type the name as it stands in the document.")]
    elif len(name.strip()) > 200:
        errors["name"] = [_("This name is longer than 200 characters. Please enter it as it stands in the document.")]
    phone = rules.phone(mobile) if mobile.strip() else None
    if phone is not None and not phone.valid:
        errors["mobile"] = [phone.reason]
    born, sex = number.facts.get("birth_date") or birth_date, number.facts.get("sex") or sex
    if rules.needs_birth_details(id_kind):
        if not rules.plausible_birth(born, timezone.localdate()):
            errors["birth_date"] = [_("Please enter the date of birth as it stands in the document.")]
        if sex not in {"M", "F"}:
            errors["sex"] = [_("Please choose what stands in the document.")]
    if rules.kind(id_kind) == "passport" and not nationality.strip():
        errors["nationality"] = [_("Please enter the nationality as it stands in the passport.")]
    if errors:
        raise Invalid("unknown-person", errors=errors, kept=KEPT)
    return Claim(
        id_kind=rules.kind(id_kind),
        id_no=number.value,
        name=name.strip(),
        mobile=phone.value if phone else "",
        birth_date=born,
        sex=sex,
        nationality=nationality.strip().upper()[:3],
    )


def _asked(claim: Claim) -> Known:
    """The register is asked before anything is written; a document that is in no register counts by the officer's own eyes."""
    try:
        answer = proofing_gateway().compare(claim)
    except Refused as refusal:
        log.warning("the register refused", reason=str(refusal))
        raise _does_not_match() from refusal
    except (Unanswered, OSError) as silence:
        log.warning("the register did not answer", reason=str(silence))
        raise Unavailable(
            "register-silent",
            _("The register of people does not answer at the moment."),
            kept=KEPT,
            next_step=_(
                "Try again in a minute. Papers can be registered meanwhile, so that the day of receipt is kept."
            ),
        ) from silence
    if answer.match is Match.BY_HAND:
        return Known(_recorded(claim, _as_typed(claim)), "by_hand")
    if answer.match is Match.NO or answer.person is None:
        raise _does_not_match()
    return Known(_recorded(claim, answer.person), "register")


def _as_typed(claim: Claim) -> Registered:
    if claim.birth_date is None:  # _claim has made sure of it
        raise _does_not_match()
    return Registered(claim.name, "", claim.birth_date, claim.sex, claim.nationality or "CN")


def _recorded(claim: Claim, known: Registered) -> Person:
    return services.record_person(
        id_kind=claim.id_kind,
        id_no=claim.id_no,
        name=known.name,
        name_en=known.name_en,
        birth_date=known.birth_date,
        sex=known.sex,
        nationality=known.nationality,
        mobile=claim.mobile,
    )


def _does_not_match() -> Invalid:
    sentence = _("The register does not know this number with this name.")
    return Invalid(
        "does-not-match",
        sentence,
        errors={"name": [_("Compare number and name with the document once more, letter by letter.")]},
        kept=KEPT,
    )


@transaction.atomic
def _noted(known: Known, actor: Actor) -> Known:
    journal.record(
        events.ComparedAtWindow(person=known.person.pk, proof=known.proof),
        subject=f"party:{known.person.pk}",
        actor=actor,
    )
    return known
