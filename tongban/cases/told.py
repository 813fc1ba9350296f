"""What people are told when somebody acts for them or is asked to sign beside them, and what happens to open cases of the dead."""

from django.utils import timezone

from tongban.cases import events, signers
from tongban.cases.models import CarriedDraft, Case, OneMore, Signer
from tongban.cases.services import cosigning
from tongban.cases.states import ENDED, OPEN, CaseState
from tongban.journal import services as journal
from tongban.journal.services import on
from tongban.lib.bilingual import Bilingual
from tongban.lib.identifiers import mask_id
from tongban.matters.models import MatterVersion
from tongban.notices import services as notices
from tongban.parties import events as party_events
from tongban.parties import queries as parties
from tongban.parties.models import Account, Deed, Kinship, Person, Sameness

DEEDS = {
    "begin": {"zh": "开始填写", "en": "began an application"},
    "prepare": {"zh": "填写或修改", "en": "filled in an application"},
    "delete": {"zh": "删除草稿", "en": "deleted a draft"},
    "take_back": {"zh": "恢复已删除的草稿", "en": "had a deleted draft back"},
    "submit": {"zh": "签名并提交", "en": "signed and sent an application"},
    "hand_in": {"zh": "在窗口签名并递交", "en": "signed and handed in an application at a window"},
    "resubmit": {"zh": "修改后重新提交", "en": "sent an application again"},
    "correct": {"zh": "补正并提交", "en": "corrected and sent an application"},
    "withdraw": {"zh": "撤回申请", "en": "withdrew an application"},
    "ask": {"zh": "在办件中提问", "en": "asked a question in an application"},
    "ask_a_person": {"zh": "申请转人工办理", "en": "asked that a person decides"},
    "open_result": {"zh": "领取办理结果", "en": "received a result"},
    "choose_delivery": {"zh": "选择结果领取方式", "en": "chose how a result comes"},
    "collect": {"zh": "在窗口代领办理结果", "en": "collected a result at a window"},
    "pay": {"zh": "缴费", "en": "paid"},
    "licence": {"zh": "出示电子证照", "en": "showed a licence"},
}
OTHER = {"zh": "办理", "en": "did something"}


def _case(subject: str) -> Case | None:
    key = subject.removeprefix("case:")
    return Case.objects.select_related("version", "applicant").filter(pk=key).first() if key.isdigit() else None


def _name_of(matter: str) -> Bilingual:
    """What a matter is called, where the application itself is gone."""
    rows = MatterVersion.objects.filter(matter__slug=matter).order_by("-number")
    return rows.values_list("name", flat=True).first() or {"zh": matter, "en": matter}


@on(events.DraftCarried)
def tell_that_a_device_was_let_in(event):
    """To whoever let it in: if it was somebody at their unlocked computer, they hear of it."""
    row = (
        CarriedDraft.objects.select_related("account__person", "case__version", "case__applicant")
        .filter(pk=event.carried)
        .first()
    )
    if row is None or row.until is None:  # the draft was deleted meanwhile
        return
    notices.tell(
        row.case.applicant,
        "device_let_in",
        about=row.case.subject,
        link=f"/apply/{row.case.ref}/device/",
        params={
            "matter": row.case.version.name,
            "what": row.device or {"zh": "一台设备", "en": "A device"},
            "hour": timezone.localtime(row.until).strftime("%H:%M"),
        },
        once=f"device_let_in:{row.pk}",
        to=[row.account],
    )


@on(party_events.ActedForSomebody)
def tell_the_one_represented(event):
    """Every act, on the same day filling in only once beside what was begun or sent."""
    deed = Deed.objects.select_related("principal", "agent").get(pk=event.deed)
    if deed.what == "prepare":
        day = timezone.localdate(deed.at)
        others = Deed.objects.filter(about=deed.about, agent=deed.agent).exclude(pk=deed.pk).exclude(what="prepare")
        if any(timezone.localdate(at) == day for at in others.values_list("at", flat=True)):
            return
    case = _case(deed.about)
    notices.tell(
        deed.principal,
        "acted_for_you",
        about=deed.about,
        link=f"/my/mandates/deeds/#deed-{deed.pk}",
        params={
            "name": deed.agent.names,
            "what": DEEDS.get(deed.what, OTHER),
            "matter": case.version.name if case is not None else _name_of(deed.matter),
            "number": (case.number or "") if case is not None else "",
        },
        once=f"acted:{deed.pk}",
        to=[
            one for one in parties.own_accounts(deed.principal, timezone.localdate()) if one.person_id != deed.agent_id
        ],
    )


@on(party_events.DeathNoted)
def let_people_look_at_open_cases(event):
    """The machine decides nothing for the dead: a person looks, and the office may end the case."""
    _to_people(event.person)


@on(party_events.BondEnded)
def let_people_look_where_nobody_is_left_to_hear(event):
    """A child is of age, or a guardian's day is over, and has no account: what runs for them is looked at by a person."""
    person = Kinship.objects.select_related("person").get(pk=event.kinship).person
    if not parties.accounts_for(person, timezone.localdate()):
        _to_people(person.pk)


def _to_people(person: int) -> None:
    for case in Case.objects.filter(applicant_id=person).exclude(state__in=ENDED | {CaseState.DRAFT}):
        if case.state in OPEN and not case.with_people:
            Case.objects.filter(pk=case.pk, decided_at__isnull=True).update(with_people=True)
            journal.touch(case.subject)


@on(party_events.SamenessJudged)
def tell_that_records_were_joined(event):
    """Each account of each record, so that whoever is joined by mistake hears of it at once."""
    if event.what not in {"joined", "parted"}:
        return
    row = Sameness.objects.select_related("one", "other").get(pk=event.sameness)
    for person, other in ((row.one, row.other), (row.other, row.one)):
        notices.tell(
            person,
            f"records_{event.what}",
            about=f"party:{person.pk}",
            link="/my/",
            params={"own": mask_id(person.id_no), "other": mask_id(other.id_no), "why": row.reason},
            once=f"records:{row.pk}:{event.what}:{person.pk}:{row.decided_at:%Y%m%d%H%M%S}",
            to=list(Account.objects.filter(is_active=True, person=person).select_related("person")),
        )


@on(events.OneMoreAnswered)
def tell_whether_one_more_is_taken(event):
    row = OneMore.objects.select_related("matter", "party").get(pk=event.one_more)
    version = row.matter.versions.order_by("state", "-number").only("name", "matter").first()
    notices.tell(
        row.party,
        "one_more_allowed" if event.allowed else "one_more_declined",
        about=f"matter:{row.matter.slug}",
        link=f"/matters/{row.matter.slug}/apply/",
        params={"matter": version.name if version is not None else {}, "why": row.reason},
        once=f"one_more:{row.pk}",
        matter=row.matter.slug,
    )


# -- signing beside the applicant


def _signer(pk: int) -> Signer | None:
    rows = Signer.objects.select_related("case__version", "case__applicant", "case__account")
    return rows.filter(pk=pk).first()


def _tell_signer(row: Signer, kind: str, once: str) -> None:
    """Only whoever has proved to be the person named finds it in the inbox; the applicant is not told whether there is one."""
    person = Person.objects.filter(id_index=row.id_index).first()
    if person is None or not cosigning.is_named(person, row):
        return
    notices.tell(
        person,
        kind,
        about=row.case.subject,
        link=f"/my/signatures/{row.pk}/",
        params={
            "name": row.case.applicant.names,
            "matter": row.case.version.name,
            "role": row.role or {"zh": "共同签署人", "en": "co-signer"},
            "due": timezone.localdate(row.until).isoformat(),
        },
        once=f"{kind}:{row.pk}:{once}",
        needs_answer=True,
        to=list(Account.objects.filter(is_active=True, person=person).select_related("person")),
    )


def _tell_applicant(row: Signer, kind: str, once: str) -> None:
    notices.tell(
        row.case.applicant,
        kind,
        about=row.case.subject,
        link=f"/apply/{row.case.ref}/check/",
        params={"name": row.name, "matter": row.case.version.name, "why": row.reason},
        once=f"{kind}:{row.pk}:{once}",
        needs_answer=True,
        matter=row.case.matter.slug,
    )


@on(events.SignerAsked)
def tell_a_signer(event):
    row = _signer(event.signer)
    if row is not None:
        _tell_signer(row, "cosign_asked", f"{row.asked_at:%Y%m%d%H%M%S}")


@on(events.SignatureUndone)
def tell_a_signer_that_it_changed(event):
    row = _signer(event.signer)
    if row is not None and row.undone_at is not None:
        _tell_signer(row, "cosign_again", f"{row.undone_at:%Y%m%d%H%M%S}")


@on(events.SignerReminded)
def remind_a_signer(event):
    row = _signer(event.signer)
    if row is not None:
        _tell_signer(row, "cosign_reminder", f"{row.asked_at:%Y%m%d%H%M%S}")


@on(events.SignerDeclined)
def tell_that_somebody_declined(event):
    row = _signer(event.signer)
    if row is not None:
        _tell_applicant(row, "cosign_declined", f"{row.asked_at:%Y%m%d%H%M%S}")


@on(events.SignerLapsed)
def tell_that_nobody_answered(event):
    row = _signer(event.signer)
    if row is not None:
        _tell_applicant(row, "cosign_lapsed", f"{row.asked_at:%Y%m%d%H%M%S}")


@on(events.SignerSigned)
def tell_that_all_have_signed(event):
    row = _signer(event.signer)
    if row is not None and not signers.lacking(row.case):
        _tell_applicant(row, "cosign_complete", row.content)
