"""A notice before the decision: published for a number of days, open to objections, each answered in writing before anybody decides."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, events, papers
from tongban.cases.inspection_states import NOTICE_DAYS
from tongban.cases.models import Case, PublicNotice, PublicObjection
from tongban.cases.moving import acting, again, go
from tongban.cases.noting import note
from tongban.cases.permission import permit
from tongban.cases.services import one_promise
from tongban.cases.states import NOTICE_OVER, PUBLISH_NOTICE
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.bilingual import Bilingual
from tongban.lib.problems import Invalid, NotAllowed
from tongban.lib.workdays import ONE_DAY
from tongban.matters.models import MatterVersion
from tongban.parties.models import Account, Party

LONGEST = 4000


def notice_ends(case: Case, published: datetime) -> date:
    """The last day for objections to a notice published at this moment, in working days or in days as the matter says."""
    days = case.version.notice_days or NOTICE_DAYS
    return clocks.notice_until(clocks.local_day(published), days, notice_unit(case), departments.calendar())


def notice_unit(case: Case) -> str:
    """What the days of the public notice are counted in; where the matter says nothing, working days."""
    return case.version.notice_unit or MatterVersion.Unit.WORKING_DAY


def not_counted(case: Case) -> bool:
    """Does the guide say that the days of its public notice are not part of the time limit? Then the clock says so too."""
    return any(
        not one.get("counted")
        and (
            "公示" in str((one.get("name") or {}).get("zh", ""))
            or "public notice" in str((one.get("name") or {}).get("en", "")).lower()
        )
        for one in case.version.special_procedures
    )


def publish_notice(case: Case, *, officer: Officer, text: str, text_en: str = "", now: datetime | None = None) -> Case:
    """Publish what is about to be decided, for the days the matter says. `text_en`: for readers of English, else the text stands there too."""
    now = now or timezone.now()
    permit(officer, case, PUBLISH_NOTICE)
    if not case.version.public_notice:
        raise NotAllowed("no-public-notice", _("This matter has no public notice."))
    text = text.strip()[:LONGEST]
    if not text:
        raise Invalid("text-missing", errors={"text": [_("Write what is published.")]})
    with transaction.atomic():
        case = again(case)
        PublicNotice.objects.filter(case=case, over_at__isnull=True).update(over_at=now)
        row = PublicNotice.objects.create(
            case=case, officer=officer, text={"zh": text, "en": text_en.strip()[:LONGEST] or text}, published_at=now,
            days=case.version.notice_days or NOTICE_DAYS, unit=notice_unit(case), until=notice_ends(case, now),
        )  # fmt: skip
        go(
            case, PUBLISH_NOTICE, actor=acting(officer, "dept_reviewer"), officer=officer, now=now, reason=text[:2000],
            what=events.PublicNoticePublished(case=case.pk, notice=row.pk, until=row.until.isoformat()),
        )  # fmt: skip
        rows: list[tuple[Bilingual, str | Bilingual]] = [
            ({"zh": "公示至", "en": "Objections until"}, row.until.isoformat())
        ]
        if not_counted(case):
            clocks.pause_decision(case, clocks.local_day(now))
            clocks.show(case)
            one_promise.follow_part(case)
            rows.append(
                (
                    {"zh": "办理期限", "en": "Time limit"},
                    {"zh": "公示时间不计入办理期限", "en": "The days of the notice are not counted"},
                )
            )
            rows.extend(one_promise.of_the_whole(case))
        papers.make(case, "public_notice", now=now, paragraphs=[row.text], rows=rows)
        journal.touch("public-notices")
    return case


def notice_over(case: Case, *, now: datetime) -> Case:
    """The days of the public notice are over (a duty of the worker); what was objected stays with the case."""
    with transaction.atomic():
        case = again(case)
        row = PublicNotice.objects.filter(case=case, over_at__isnull=True).first()
        ends = row.until if row is not None else _without_a_row(case)
        if ends is None or clocks.local_day(now) <= ends:
            raise NotAllowed("too-early", _("The public notice is not over yet."))
        go(case, NOTICE_OVER, actor=PLATFORM, now=now)
        clocks.resume_decision(case, ends + ONE_DAY)  # however late the worker came; nothing where none stood still
        clocks.show(case)
        one_promise.follow_part(case)
        if row is not None:
            row.over_at = now
            row.save(update_fields=["over_at"])
        journal.touch("public-notices")
    return case


def _without_a_row(case: Case):
    """Notices published before they had a table of their own."""
    begun = case.steps.filter(move=PUBLISH_NOTICE.name).order_by("-id").first()
    return departments.calendar().due(clocks.local_day(begun.at), NOTICE_DAYS).day if begun else None


def object_to(
    row: PublicNotice, *, account: Account, party: Party, text: str, now: datetime | None = None
) -> PublicObjection:
    """Say what speaks against it; a party once for each notice, and the words may be changed until the last day."""
    now = now or timezone.now()
    text = text.strip()
    if not 10 <= len(text) <= LONGEST:
        raise Invalid(
            "objection-missing", errors={"text": [_("Say in 10 to 4,000 characters what speaks against it.")]},
            kept=_("What you wrote stands here still."),
        )  # fmt: skip
    with transaction.atomic():
        case = again(row.case)
        row = PublicNotice.objects.select_for_update().get(pk=row.pk)
        if row.over_at is not None or clocks.local_day(now) > row.until:
            raise NotAllowed(
                "notice-over", _("The days for objections are over."),
                next_step=_("You can still write to the department, or ask for reconsideration of its decision."),
            )  # fmt: skip
        if case.applicant_id == party.pk:
            raise NotAllowed(
                "own-notice", _("This notice is about your own application."),
                next_step=_("Write a question inside the case instead."),
            )  # fmt: skip
        found, made = PublicObjection.objects.get_or_create(
            notice=row, party=party, defaults={"account": account, "text": text, "at": now}
        )
        if not made:
            found.text, found.account, found.taken_back_at = text, account, None
            found.save(update_fields=["text", "account", "taken_back_at"])
        journal.record(
            events.PublicObjectionMade(case=case.pk, objection=found.pk),
            subject=case.subject,
            actor=Actor(kind="applicant", role="objector", account=account.pk, party=party.pk),
        )
        journal.touch(case.subject, f"queue:{case.department.code}")
    return found


def take_objection_back(
    objection: PublicObjection, *, account: Account, now: datetime | None = None
) -> PublicObjection:
    """Take an objection back before it was answered. Twice changes nothing."""
    now = now or timezone.now()
    with transaction.atomic():
        case = again(objection.notice.case)
        found = PublicObjection.objects.select_for_update().get(pk=objection.pk)
        if found.answered_at is not None:
            raise NotAllowed("answered-already", _("This objection was answered already."))
        if found.taken_back_at is None:
            found.taken_back_at = now
            found.save(update_fields=["taken_back_at"])
            journal.touch(case.subject)
    return found


def answer_objection(
    objection: PublicObjection, *, officer: Officer, answer: str, followed: bool | None, now: datetime | None = None
) -> PublicObjection:
    """Answer in writing, with what follows from it. Once; another officer of the department may have been faster."""
    now = now or timezone.now()
    case = objection.notice.case
    permit(officer, case, PUBLISH_NOTICE)
    errors: dict[str, list] = {}
    if len(answer.strip()) < 10:
        errors["answer"] = [_("Answer in at least one sentence.")]
    if followed is None:
        errors["followed"] = [_("Say whether the department follows it.")]
    if errors or followed is None:
        raise Invalid("answer-missing", errors=errors, kept=_("What you wrote stands here still."))
    with transaction.atomic():
        case = again(case)
        done = PublicObjection.objects.filter(
            pk=objection.pk, answered_at__isnull=True, taken_back_at__isnull=True
        ).update(answer=answer.strip()[:LONGEST], followed=followed, answered_by=officer, answered_at=now)
        if not done:
            raise NotAllowed("answered-already", _("This objection was answered already."))
        note(
            case, "answer_objection", actor=acting(officer, "dept_reviewer"), officer=officer, now=now,
            what=events.PublicObjectionAnswered(case=case.pk, objection=objection.pk, followed=followed),
        )  # fmt: skip
    objection.refresh_from_db()
    return objection


def unanswered(case: int) -> QuerySet[PublicObjection]:
    return PublicObjection.objects.filter(notice__case_id=case, answered_at__isnull=True, taken_back_at__isnull=True)


def wait_for_answers(case: Case) -> None:
    """Nobody decides while an objection has no answer. Inside the act, with the case locked."""
    if unanswered(case.pk).exists():
        raise NotAllowed(
            "objections-open",
            _("An objection to the public notice has no answer yet."),
            kept=_("Nothing was changed."),
            next_step=_("Answer it first; then decide."),
        )


def in_the_decision(case: Case) -> list[Bilingual]:
    """What a decision letter says of the public notice before it: from when to when, and what came of the objections."""
    if not case.version.public_notice:
        return []
    row = case.public_notices.order_by("-id").first()
    if row is None:
        return []
    made = list(
        PublicObjection.objects.filter(notice__case=case, taken_back_at__isnull=True).values_list("followed", flat=True)
    )
    begun, until = papers.said_day(clocks.local_day(row.published_at)), papers.said_day(row.until)
    if not made:
        told = {"zh": "公示期内没有收到异议。", "en": "Nobody objected."}
    else:
        told = {
            "zh": f"公示期内收到异议{len(made)}件，均已书面答复，其中采纳{made.count(True)}件。",
            "en": f"Objections received: {len(made)}, each answered in writing; followed: {made.count(True)}.",
        }
    return [
        {
            "zh": f"本事项已于{begun['zh']}至{until['zh']}公示。{told['zh']}",
            "en": f"This was published from {begun['en']} to {until['en']}. {told['en']}",
        }
    ]
