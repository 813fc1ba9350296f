"""After the decision: make the result, hand it over, close."""

from datetime import datetime

from django.db import transaction
from django.db.models import BigIntegerField
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, events, papers, standing
from tongban.cases.delivery_states import TO_BE_MADE, DeliveryState
from tongban.cases.models import Case
from tongban.cases.moving import acting, again, go, go_all
from tongban.cases.permission import permit
from tongban.cases.services import billing, following, packing
from tongban.cases.states import CLOSE, DELIVER, ISSUE, RESULT_READY, CaseState, ClockKind
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.composed import composed
from tongban.lib.problems import NotAllowed
from tongban.licences.models import Licence
from tongban.parties.models import Account
from tongban.parties.states import Act

DELIVERED_HOW = {
    "electronic": {"zh": "电子送达，申请人已打开", "en": "electronically: the applicant opened it"},
    "code checked": {"zh": "核对取件码后领取", "en": "collected, pick-up code checked"},
    "identity checked": {"zh": "核对身份证件后领取", "en": "collected, identity checked"},
    "post signed for": {"zh": "邮寄签收", "en": "by post, signed for"},
}

HOW_TO_GET = {
    DeliveryState.WAITING: {
        "zh": "纸质结果已在大厅备好。领取时请出示身份证件和取件码，取件码见本办件的页面；由他人代领的，请先在该页面写明代领人，或在“为他人办事”中授权。",
        "en": "The paper is ready at the hall. To collect it, bring your identity document and the pick-up code, which stands on the page of your "
        "application. If somebody else comes for you, name them there first, or allow it under “Acting for others”.",
    },
    DeliveryState.IN_LOCKER: {
        "zh": "纸质结果已放入取件柜。请凭取件码开柜，取件码见本办件的页面，只能使用一次。",
        "en": "The paper lies in a locker. The pick-up code on the page of your application opens its door, once.",
    },
    DeliveryState.POSTED: {
        "zh": "纸质结果已经寄出。邮件到达哪里，可在本办件的页面查看。",
        "en": "The paper was sent by post. The page of your application shows where the parcel is.",
    },
    "": {
        "zh": "请登录后在办件页面或卡包中打开。需要纸质件的，可在该页面选择领取方式。",
        "en": "Open it on the page of your application or in your wallet, after signing in. If you want it on paper, choose on that page how to get it.",
    },
}


@journal.carrier("cases.issue")
def issue_by_platform(case: int) -> None:
    """Go on from the decision; the result is ready at once unless a licence is still being sealed. A second time does nothing."""
    with transaction.atomic():
        row = again(Case(pk=case))
        if row.state == CaseState.APPROVED and not billing.owes(row):
            billing.go_on_when_paid(row, timezone.now())
            go(row, ISSUE, actor=PLATFORM, now=timezone.now())
            packing.begin(row, now=timezone.now())
        if row.licence_id is not None:
            row.licence = _licence(pk=row.licence_id)[0]
        sealed = row.licence is None or row.licence.sealed_at is not None
        if (
            row.state == CaseState.ISSUING
            and sealed
            and following.results_are_there(row)
            and not packing.waits_for_paper(row)
        ):
            _ready(row, PLATFORM, None, timezone.now())


@composed(pk=BigIntegerField())
def _licence(pk):
    return Licence.objects.filter(pk=pk)


def issue(case: Case, *, officer: Officer, now: datetime | None = None) -> Case:
    """An issuing officer goes on where the platform did not. Nothing is made while a fee is owed."""
    now = now or timezone.now()
    permit(officer, case, ISSUE)
    with transaction.atomic():
        case = again(case)
        if billing.owes(case):
            raise NotAllowed(
                "fee-due",
                _("The fee is not paid yet."),
                next_step=_("It can be paid online or taken at a window; the case then goes on by itself."),
            )
        billing.go_on_when_paid(case, now)
        go(case, ISSUE, actor=acting(officer, "issuing_officer"), officer=officer, now=now)
        packing.begin(case, actor=acting(officer, "issuing_officer"), now=now)
    if (case.licence is None or case.licence.sealed_at is not None) and not packing.waits_for_paper(case):
        result_ready(case, now=now)
    return case


def result_ready(case: Case, *, officer: Officer | None = None, now: datetime | None = None) -> Case:
    """The licence is sealed and stored (or there is none to make), and the paper, where it is wanted, is laid out or sent."""
    now = now or timezone.now()
    if officer is not None:
        permit(officer, case, RESULT_READY)
    with transaction.atomic():
        case = again(case)
        if case.licence is not None and case.licence.sealed_at is None:
            raise NotAllowed("not-sealed", _("The licence is still being sealed."))
        if not following.results_are_there(case):
            raise NotAllowed(
                "not-all-there", _("Some of its results are still being made; all are handed over together.")
            )
        if packing.waits_for_paper(case):
            raise NotAllowed(
                "paper-to-be-prepared",
                _("It is wanted on paper, and the paper is not prepared yet."),
                next_step=_("Prepare it at the issuing desk; the case then goes on by itself."),
            )
        _ready(case, acting(officer, "issuing_officer") if officer else PLATFORM, officer, now)
    return case


def _ready(case: Case, actor: Actor, officer: Officer | None, now: datetime) -> None:
    """Everything is there, the case is held: it can be handed over."""
    clocks.say(case, clocks.stop(case, ClockKind.ISSUANCE, clocks.local_day(now)))
    said = {name: getattr(case, name) for name in clocks.SHOWN}
    go(case, RESULT_READY, actor=actor, officer=officer, now=now, what=events.CaseReady(case=case.pk), **said)
    if not following.held_back(case):
        collection_notice(case, now=now)
    following.another_is_ready(case)


def collection_notice(case: Case, *, now: datetime) -> None:
    """In writing: that the result is there, and where it waits if it is wanted on paper."""
    there = [row for row in packing.open_of(case) if row.state not in TO_BE_MADE]
    papers.make(
        case, "collection_notice", now=now,
        paragraphs=[
            {"zh": "您的办理结果已经可以查看或领取。", "en": "Your result is ready to be opened or collected."},
            HOW_TO_GET.get(there[0].state, HOW_TO_GET[""]) if there else HOW_TO_GET[""],
        ],
        rows=[
            *([({"zh": "证照编号", "en": "Licence"}, case.licence.identifier)] if case.licence else []),
            *(packing.said_where(there[0]) if there else []),
        ],
    )  # fmt: skip


def open_result(case: Case, *, account: Account, now: datetime | None = None) -> Case:
    """The applicant opens the electronic result: that is its delivery, and the case closes. Opened before: nothing happens."""
    now = now or timezone.now()
    with transaction.atomic():
        case = again(case)
        if case.state != CaseState.READY:
            return case
        standing.act_as_applicant(account, case, Act.RECEIVE, "open_result", now)
        _not_before_the_others(case)
        _delivered(case, PLATFORM, None, now, "electronic")
    return case


def hand_over(case: Case, *, officer: Officer, how: str, now: datetime | None = None) -> Case:
    """The issuing window hands the result over after checking code or identity, or the post was signed for."""
    now = now or timezone.now()
    permit(officer, case, DELIVER)
    with transaction.atomic():
        case = again(case)
        _not_before_the_others(case)
        if packing.open_of(packing.errand_of(case)):
            raise NotAllowed(
                "hand-over-the-package",
                _("This is wanted on paper and lies in a package: it is handed over at the issuing desk, signed for."),
                next_step=_("Scan the pick-up code there, or find the package in the list."),
            )
        _delivered(case, acting(officer, "issuing_officer"), officer, now, how)
    return case


def _not_before_the_others(case: Case) -> None:
    if following.held_back(case):
        raise NotAllowed(
            "together",
            _("This result belongs to a bundle: all results are handed over together."),
            next_step=_("You may ask to have it earlier, on the page of the bundle."),
        )


def _delivered(case: Case, actor, officer, now: datetime, how: str) -> None:
    deliver(case, actor=actor, officer=officer, now=now, how=how)
    papers.make(
        case, "delivery_proof", now=now,
        paragraphs=[{"zh": "办理结果已送达。", "en": "The result was delivered."}],
        rows=[
            ({"zh": "送达时间", "en": "Delivered"}, timezone.localtime(now).strftime("%Y-%m-%d %H:%M")),
            ({"zh": "送达方式", "en": "How"}, DELIVERED_HOW.get(how, {"zh": how, "en": how})),
            *([({"zh": "证照编号", "en": "Licence"}, case.licence.identifier)] if case.licence else []),
            *([({"zh": "经办", "en": "Handed over by"}, {"zh": f"{case.department.name['zh']}（工号 {officer.staff_no}）", "en": f"{case.department.name['en']} (badge {officer.staff_no})"})] if officer else []),
        ],
    )  # fmt: skip


def deliver(case: Case, *, actor, officer, now: datetime, how: str) -> None:
    """Make the move, of a bundle with the members that go with it, and let it be closed. Call with the case held."""
    go(case, DELIVER, actor=actor, officer=officer, now=now, reason=how, what=events.CaseDelivered(case=case.pk))
    go_all(
        following.to_hand_over(case), DELIVER, actor=actor, officer=officer, now=now, reason=how,
        what=lambda member: events.CaseDelivered(case=member.pk),
    )  # fmt: skip
    journal.enqueue("cases.close", once=f"close:{case.pk}", case=case.pk)


@journal.carrier("cases.close")
def close(case: int, now: str | None = None) -> None:
    """Finished; the event invites to rate. A second time does nothing."""
    moment = datetime.fromisoformat(now) if now else timezone.now()
    with transaction.atomic():
        row = again(Case(pk=case))
        go_all(
            following.to_close(row), CLOSE, actor=PLATFORM, now=moment,
            what=lambda member: events.CaseClosed(case=member.pk),
        )  # fmt: skip
        if row.state == CaseState.DELIVERED and following.may_close(row):
            go(row, CLOSE, actor=PLATFORM, now=moment, what=events.CaseClosed(case=row.pk))
            following.follow(row, now=moment)
