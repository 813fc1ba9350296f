"""A site inspection: planned with the applicant, written and photographed on the spot, signed by two inspectors on their own accounts.

What both sign is one content. Whoever changes it after a signature takes that signature away, and is told so.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import events, papers
from tongban.cases.glass import bounded
from tongban.cases.inspection_states import CALL_OFF, FINISH, PLAN, InspectionState
from tongban.cases.models import Case, Inspection, InspectionPhoto, InspectionSignature
from tongban.cases.moving import acting, again, applying, changed, go
from tongban.cases.noting import note
from tongban.cases.permission import permit
from tongban.cases.states import INSPECTION_DONE, ORDER_INSPECTION
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.bilingual import Bilingual
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.materials import services as documents
from tongban.notices import services as notices
from tongban.parties.models import Account

GENERAL_POINTS = [
    {"id": "address", "zh": "经营（使用）地址与申请一致", "en": "The address is the one applied for"},
    {"id": "layout", "zh": "场所布局与图纸一致", "en": "The premises are as drawn"},
    {"id": "equipment", "zh": "设施设备与申报一致", "en": "The equipment is as stated"},
    {"id": "safety", "zh": "未发现安全隐患", "en": "Nothing unsafe was found"},
]
PHOTOS_AT_MOST = 40
LONGEST = 4000
ANSWERS = {"yes", "no", "none"}
MONTHS_AHEAD = timedelta(days=92)

Way = InspectionSignature.Way


# -- ordering and planning


def ordered(
    case: Case, *, officer: Officer | None, why: str, kind: str = Inspection.Kind.SITE, now: datetime
) -> Inspection:
    """The open inspection of this kind; made when there is none. Inside the act that orders it."""
    row = Inspection.objects.filter(case=case, kind=kind, done_at__isnull=True).exclude(
        state=InspectionState.CALLED_OFF
    ).first()  # fmt: skip
    if row is not None:
        return row
    return Inspection.objects.create(
        case=case, kind=kind, ordered_by=officer, ordered_at=now, why=why.strip()[:LONGEST],
        place=_place_of(case), points=list(case.version.inspection_points or GENERAL_POINTS),
    )  # fmt: skip


def _place_of(case: Case) -> str:
    """The premises as the application names them; else where the applicant lives or sits."""
    for name in ("premises_address", "business_address", "site_address", "address"):
        said = case.value(name)
        if isinstance(said, str) and said.strip():
            return said.strip()[:300]
    return case.applicant.address


def plan_inspection(
    row: Inspection, *, officer: Officer, at: datetime | None, first: Officer | None, second: Officer | None,
    now: datetime | None = None,
) -> Inspection:  # fmt: skip
    """Say when the two come. The applicant is told; planned anew they are told again."""
    now = now or timezone.now()
    case = row.case
    permit(officer, case, INSPECTION_DONE if "inspector" in officer.roles else ORDER_INSPECTION)
    errors: dict[str, list] = {}
    if at is None or at <= now or at > now + MONTHS_AHEAD:
        errors["at"] = [_("Choose a day and an hour within the next three months.")]
    for name, one in (("first", first), ("second", second)):
        if one is None:
            errors[name] = [_("Choose an inspector.")]
        else:
            try:
                permit(one, case, INSPECTION_DONE)
            except NotAllowed as problem:
                errors[name] = [problem.sentence]
    if first is not None and second is not None and first.pk == second.pk:
        errors["second"] = [_("An inspection is made by two different people.")]
    if errors or at is None or first is None or second is None:
        raise Invalid("plan-missing", _("The inspection is not planned yet."), errors=errors)
    with transaction.atomic():
        case = again(case)
        row = _held(row)
        before = row.planned_for
        _still_open(row)
        make(row, PLAN, planned_for=at, first=first, second=second)
        local = timezone.localtime(at).strftime("%Y-%m-%d %H:%M")
        papers.make(
            case, "inspection_notice", now=now,
            paragraphs=[
                {
                    "zh": "两名工作人员将到现场核查，请您或者您委托的人在场。核查时间计入办理期限。如时间不便，请在办件页面提出。",
                    "en": "Two officers will look at the premises. Please be there, or send somebody. The inspection counts in the time "
                    "limit. If the time does not suit you, say so on the page of the case.",
                }
            ],
            rows=[
                ({"zh": "时间", "en": "When"}, local),
                ({"zh": "地点", "en": "Where"}, row.place or "—"),
                ({"zh": "核查人员", "en": "Inspectors"}, f"{first.staff_no}, {second.staff_no}"),
                *(({"zh": f"查看{number}", "en": f"Point {number}"}, f"{point['zh']} {point['en']}") for number, point in enumerate(row.points, 1)),
            ],
        )  # fmt: skip
        note(
            case, "plan_inspection", actor=acting(officer, _role(officer)), officer=officer, now=now, reason=local,
            what=events.InspectionPlanned(
                case=case.pk, inspection=row.pk, at=at.isoformat(), again=before is not None and before != at
            ),
        )  # fmt: skip
    return row


def wish_other_time(row: Inspection, *, account: Account, text: str, now: datetime | None = None) -> Inspection:
    """The applicant says when it would suit better. What they wished before is replaced."""
    if not 4 <= len(text.strip()) <= 500:
        raise Invalid("wish-missing", errors={"wish": [_("Say when it suits you, in up to 500 characters.")]})
    now = now or timezone.now()
    with transaction.atomic():
        case = again(row.case)
        row = _held(row)
        _still_open(row)
        row.wish = text.strip()
        row.save(update_fields=["wish"])
        note(
            case, "wish_other_time", actor=applying(account, case), account=account, now=now,
            what=events.InspectionRecorded(case=case.pk, inspection=row.pk, what="wish"),
        )  # fmt: skip
    return row


def call_off(row: Inspection, *, now: datetime) -> None:
    """The case ended: nobody goes there any more."""
    with transaction.atomic():
        row = _held(row)
        if row.state in CALL_OFF.sources:
            make(row, CALL_OFF)


# -- on the spot


def note_inspection(
    row: Inspection, *, officer: Officer, said: Mapping[str, Any], revision: int, saver: str = ""
) -> Inspection:
    """Keep what was written so far. `said`: answers, record, present, finding, position, there_way, there_name, there_strokes.

    Raises NotAllowed "changed-elsewhere" when another phone wrote since this page was opened, and keeps both.
    """
    permit(officer, row.case, INSPECTION_DONE)
    with transaction.atomic():
        again(row.case)
        row = _held(row)
        _of_the_two(row, officer)
        _note(row, officer, said, revision, saver)
    return row


def _note(row: Inspection, officer: Officer, said: Mapping[str, Any], revision: int, saver: str) -> None:
    _still_open(row)
    if revision != row.revision and (not saver or saver != row.saver):
        raise NotAllowed(
            "changed-elsewhere",
            _("The record was written on another phone meanwhile."),
            kept=_("Nothing was overwritten: what was kept there stays, and so does what you wrote."),
            next_step=_("Look at both, then keep or sign what is right."),
            status=409,
        )
    before = content_of(row)
    known = {point["id"] for point in row.points}
    answers = {
        point: {"answer": one.get("answer", ""), "remark": str(one.get("remark", "")).strip()[:500]}
        for point, one in dict(said.get("answers") or {}).items()
        if point in known and (one.get("answer") in ANSWERS or str(one.get("remark", "")).strip())
    }
    row.answers = answers
    row.record = str(said.get("record", "")).strip()[:LONGEST]
    row.present = str(said.get("present", "")).strip()[:200]
    row.finding = said.get("finding", "") if said.get("finding", "") in Inspection.Finding.values else ""
    row.position = said.get("position") or row.position
    row.first = row.first or officer
    if row.first_id != officer.pk and row.second_id is None:
        row.second = officer
    row.revision, row.saver, row.saved_at = row.revision + 1, saver[:24], timezone.now()
    row.save()
    _note_who_was_there(row, said)
    if content_of(row) != before:
        _signatures_fall(row, officer, row.signatures.exclude(content=content_of(row)))
        journal.record(
            events.InspectionRecorded(case=row.case_id, inspection=row.pk, what="record"),
            subject=row.case.subject,
            actor=acting(officer, "inspector"),
        )
        changed(row.case)


def _signatures_fall(row: Inspection, officer: Officer, signed: QuerySet[InspectionSignature]) -> None:
    """What was signed is not what stands there now. An inspector whose signature another one takes away is told: they have gone home."""
    fallen = signed.filter(officer__isnull=False)
    for one in fallen.exclude(officer=officer).select_related("officer__account"):
        if one.officer is not None:
            notices.tell_staff(
                [one.officer], "signature_fell", about=row.case.subject, link=f"/office/inspections/{row.ref}/",
                params={"number": row.case.number or "", "matter": row.case.version.name, "name": officer.name},
                once=f"signature_fell:{one.pk}",
            )  # fmt: skip
    fallen.delete()


def _note_who_was_there(row: Inspection, said: Mapping[str, Any]) -> None:
    way = said.get("there_way", "")
    strokes = said.get("there_strokes") or []
    if way not in set(Way.values) - {Way.ACCOUNT} or (way == Way.GLASS and not strokes):
        return
    row.signatures.filter(officer__isnull=True).delete()
    InspectionSignature.objects.create(
        inspection=row, way=way, name=str(said.get("present", "")).strip()[:200],
        strokes=bounded(strokes) if way == Way.GLASS else [], content=_content_there(row),
    )  # fmt: skip


def add_photo(
    row: Inspection, *, officer: Officer, file: BinaryIO, key: str, point: str = "", now: datetime | None = None
) -> InspectionPhoto:
    """Keep a photograph. The same key again (a phone that was without a line) answers the one that was kept."""
    permit(officer, row.case, INSPECTION_DONE)
    key = key.strip()[:40]
    if not key:
        raise Invalid("photo-nameless", _("The photograph has no name of its own."))
    kept = InspectionPhoto.objects.filter(inspection=row, key=key).first()
    if kept is not None:
        return kept
    _room_for_one_more(row)
    document = documents.keep(
        [file], owner=row.case.applicant, by=officer.account, name=f"inspection-{row.ref}",
        actor=acting(officer, "inspector"),
    )  # fmt: skip
    with transaction.atomic():
        again(row.case)
        row = _held(row)
        _of_the_two(row, officer)
        _still_open(row)
        kept = row.photos.filter(key=key).first()
        if kept is not None:  # the same one came twice at once: this copy goes, nobody names it
            documents.remove(document, by=officer.account, actor=acting(officer, "inspector"))
            return kept
        _room_for_one_more(row)
        page = document.pages.order_by("order").first()
        photo = InspectionPhoto.objects.create(
            inspection=row, key=key, document=document, officer=officer,
            sha256=page.sha256 if page is not None else "", at=now or timezone.now(),
            point=point if point in {one["id"] for one in row.points} else "",
        )  # fmt: skip
        _signatures_fall(row, officer, row.signatures.all())
        journal.record(
            events.InspectionRecorded(case=row.case_id, inspection=row.pk, what="photo"),
            subject=row.case.subject,
            actor=acting(officer, "inspector"),
        )
        changed(row.case)
    return photo


def _room_for_one_more(row: Inspection) -> None:
    if row.photos.count() >= PHOTOS_AT_MOST:
        raise NotAllowed(
            "too-many-photos", worded(_("An inspection keeps up to %(number)s photographs."), number=PHOTOS_AT_MOST)
        )


def content_of(row: Inspection) -> str:
    """The hash of what the inspectors sign: answers, record, who was there, finding, place and photographs."""
    said = {
        "ref": row.ref, "place": row.place, "points": row.points, "answers": row.answers, "record": row.record,
        "present": row.present, "finding": row.finding,
        "photos": sorted(row.photos.values_list("sha256", flat=True)),
    }  # fmt: skip
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _content_there(row: Inspection) -> str:
    """What the person on the spot signs: the answers and the record as they stood then."""
    return hashlib.sha256(json.dumps([row.ref, row.answers, row.record], sort_keys=True).encode()).hexdigest()


def lacking(row: Inspection) -> dict[str, list]:
    """What stands between the record and a signature, by field; empty when it can be signed."""
    errors: dict[str, list] = {}
    for point in row.points:
        if (row.answers.get(point["id"]) or {}).get("answer") not in ANSWERS:
            errors[f"point-{point['id']}"] = [_("Choose an answer.")]
        elif row.answers[point["id"]]["answer"] == "no" and not row.answers[point["id"]]["remark"]:
            errors[f"point-{point['id']}"] = [_("Say what is not as it should be.")]
    if not row.record:
        errors["record"] = [_("Write what you saw.")]
    if not row.place:
        errors["place"] = [_("The inspection has no place.")]
    if not row.finding:
        errors["finding"] = [_("Choose what the inspection found.")]
    there = row.signatures.filter(officer__isnull=True).first()
    if there is None:
        errors["there"] = [_("Say who was there and whether they signed.")]
    elif there.way != Way.ABSENT and not there.name:
        errors["present"] = [_("Write the name of who was there.")]
    return errors


def sign_inspection(
    row: Inspection, *, officer: Officer, said: Mapping[str, Any] | None = None, revision: int = -1, saver: str = "",
    now: datetime | None = None,
) -> Inspection:  # fmt: skip
    """Sign the record as this officer sees it; with the second of two signatures under the same content the inspection is done.

    `said`: what the page shows, kept in the same act. Signing again, or after it is done, changes nothing.
    """
    now = now or timezone.now()
    case = row.case
    permit(officer, case, INSPECTION_DONE)
    with transaction.atomic():
        case = again(case)
        row = _held(row)
        _of_the_two(row, officer)
        if row.state == InspectionState.DONE:
            return row
        _still_open(row)
        if said is not None:
            _note(row, officer, said, revision, saver)
        errors = lacking(row)
        if errors:
            raise Invalid(
                "record-missing", _("The record cannot be signed yet."), errors=errors,
                kept=_("What you wrote is kept."),
            )  # fmt: skip
        content = content_of(row)
        InspectionSignature.objects.get_or_create(
            inspection=row, officer=officer,
            defaults={"way": Way.ACCOUNT, "name": officer.staff_no, "content": content, "at": now},
        )  # fmt: skip
        journal.record(
            events.InspectionRecorded(case=case.pk, inspection=row.pk, what="signature"),
            subject=case.subject,
            actor=acting(officer, "inspector"),
        )
        changed(case)
        signed = list(row.signatures.filter(officer__isnull=False, content=content).select_related("officer"))
        if len(signed) >= 2:
            _finish(case, row, signed, officer, content, now)
    return row


def _finish(case: Case, row: Inspection, signed: list, officer: Officer, content: str, now: datetime) -> None:
    first, second = signed[0].officer, signed[1].officer
    make(row, FINISH, first=first, second=second, content=content, done_at=now)
    there = row.signatures.filter(officer__isnull=True).first()
    done = events.InspectionDone(case=case.pk, inspection=row.pk, finding=row.finding)
    actor = acting(officer, "inspector")
    if row.kind == Inspection.Kind.SITE:
        go(
            case, INSPECTION_DONE, actor=actor, officer=officer, now=now, what=done,
            reason=f"{row.record} ({row.place}; {first.staff_no}, {second.staff_no})",
        )  # fmt: skip
    else:
        note(case, "inspection_done", actor=actor, officer=officer, now=now, what=done, reason=row.record)
    papers.make(
        case, "inspection_record", now=now,
        paragraphs=[{"zh": row.record, "en": row.record}],
        rows=[
            ({"zh": "地点", "en": "Where"}, row.place),
            ({"zh": "时间", "en": "When"}, timezone.localtime(now).strftime("%Y-%m-%d %H:%M")),
            ({"zh": "结论", "en": "Finding"}, FINDING_WORDS[row.finding]),
            *(_line_of(row, point) for point in row.points),
            ({"zh": "在场人员", "en": "Present"}, f"{row.present or '—'} {THERE_WORDS[there.way] if there else ''}"),
            ({"zh": "核查人员签字", "en": "Signed by"}, f"{first.staff_no}, {second.staff_no}"),
            ({"zh": "照片", "en": "Photographs"}, str(row.photos.count())),
            ({"zh": "内容摘要", "en": "Hash of the content"}, content[:16]),
        ],
    )  # fmt: skip


FINDING_WORDS: dict[str, str] = {
    Inspection.Finding.IN_ORDER: "符合要求 in order",
    Inspection.Finding.WITH_FAULTS: "有可整改的问题 with faults that can be put right",
    Inspection.Finding.NOT_IN_ORDER: "不符合要求 not in order",
}
THERE_WORDS: dict[str, str] = {
    Way.GLASS: "（已签字 signed）",
    Way.PAPER: "（纸质签字 signed on paper）",
    Way.REFUSED: "（拒绝签字 would not sign）",
    Way.ABSENT: "（无人在场 nobody was there）",
}
ANSWER_WORDS = {"yes": "是 yes", "no": "否 no", "none": "不适用 does not apply"}


def _line_of(row: Inspection, point: dict) -> tuple[Bilingual, str]:
    said = row.answers.get(point["id"]) or {}
    remark = f" ({said['remark']})" if said.get("remark") else ""
    return {"zh": point["zh"], "en": point["en"]}, f"{ANSWER_WORDS.get(said.get('answer', ''), '—')}{remark}"


# --


def _held(row: Inspection) -> Inspection:
    return (
        Inspection.objects.select_for_update(of=("self",))
        .select_related("case__department", "case__version", "case__applicant", "case__matter", "first", "second")
        .get(pk=row.pk)
    )


def _still_open(row: Inspection) -> None:
    if row.state in {InspectionState.DONE, InspectionState.CALLED_OFF}:
        raise NotAllowed(
            "inspection-over", _("This inspection is over: its record is not changed any more."),
            kept=_("What was signed stands."),
        )  # fmt: skip


def _of_the_two(row: Inspection, officer: Officer) -> None:
    """Where two were named nobody else writes."""
    named = {row.first_id, row.second_id} - {None}
    if officer.pk not in named and len(named) == 2:
        raise NotAllowed(
            "other-inspectors",
            _("Two colleagues were named for this inspection."),
            next_step=_("Plan it anew if you go instead."),
            status=403,
        )


def _role(officer: Officer) -> str:
    return "inspector" if "inspector" in officer.roles else "dept_reviewer"


def platform_order(case: Case, *, why: str, kind: str, now: datetime) -> Inspection:
    """The platform puts an inspection on the department's list by itself. Again: the one that is open."""
    with transaction.atomic():
        case = again(case)
        row = ordered(case, officer=None, why=why, kind=kind, now=now)
        journal.record(
            events.InspectionRecorded(case=case.pk, inspection=row.pk, what="ordered"),
            subject=case.subject,
            actor=Actor(kind=PLATFORM.kind, role=PLATFORM.role),
        )
        changed(case)
    return row


__all__ = [
    "add_photo", "call_off", "content_of", "lacking", "note_inspection", "ordered", "plan_inspection",
    "platform_order", "sign_inspection", "wish_other_time",
]  # fmt: skip
