"""What happens seldom, once each, walked by the acts of the product: a paper that follows later, a hearing, objections, money that came twice."""

import random
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.utils import timezone

from tongban.cases import hearings, services
from tongban.cases.models import Case, Hearing, Tolerance
from tongban.cases.moving import acting
from tongban.cases.services import excepting, keeping_procedures
from tongban.cases.states import CaseState
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.lib.problems import Problem
from tongban.matters import repeating
from tongban.matters.models import Matter, MatterVersion
from tongban.parties import sameness, window
from tongban.payments import queries as payments
from tongban.payments import services as till
from tongban.payments.models import Bill, Payment, TwinCharge
from tongban.payments.services import paying
from tongban.site.demonstration.history import Walk, fill_in, nobody_gets_letters, send
from tongban.site.demonstration.moved_time import moved_to
from tongban.site.demonstration.people import District

log = structlog.get_logger("demonstration")

SEED = 20261122
MISTYPED = "X90000006"  # a 9 read as a 6
PLAN_LATER = ("layout-plan",)
TOO_NEAR = ("拟设经营点与中小学校的距离不符合合理布局规定。", "《烟草专卖许可证管理办法》第二十五条")
NOTICE = {
    "text": "拟准予设立娱乐场所，现予公示。公示期内有异议的，可以书面提出。",
    "text_en": "An entertainment venue is about to be licensed. Whoever objects may say so in writing while this is published.",
}
OBJECTIONS = (
    ("zhang-wei", "场所就在我家楼下，夜里音乐声很大，老人睡不好，请先解决隔音再批准。", ""),
    (
        "wang-anhui",
        "这里离小学只有一条马路，放学时孩子们都从门口走过，请再量一下距离。",
        "经现场测量，距学校出入口二百六十米，符合《娱乐场所管理条例》第七条，未予采纳；测量记录可到窗口查阅。",
    ),
)


def write(district: District, now: datetime) -> None:
    """Each story by itself: one that cannot be told holds up no other."""
    with nobody_gets_letters():
        for number, (name, story) in enumerate(STORIES):
            chance = random.Random(SEED + number)  # noqa: S311 - a story, not a secret
            try:
                story(Walk(district, chance, name, now, now))
            except Problem as problem:
                log.warning("a story of the demonstration ended early", story=name, code=problem.code, why=str(problem))
        paid_on = Payment.objects.filter(gateway="simulated").values_list("paid_on", flat=True)
        for day in sorted({day for day in paid_on if day is not None}):
            till.reconcile("simulated", day)


def _sent(walk: Walk, who: str, slug: str, days_ago: int, later: Collection[str] = ()) -> None:
    """Applied for on the working day that lies about so many days back, in the morning."""
    party = walk.district.people.get(who) or walk.district.companies[who]
    walk.account = walk.district.account_for(party)
    day = timezone.localtime(walk.end - timedelta(days=days_ago))
    while not departments.calendar().is_working_day(day.date()).working:
        day -= timedelta(days=1)
    walk.at = min(day.replace(hour=9, minute=walk.rng.randrange(5, 50)), walk.end - timedelta(hours=3))
    matter = Matter.objects.select_related("department").get(slug=slug)
    with moved_to(walk.at):
        walk.case = services.begin(matter, party=party, account=walk.account)
        fill_in(walk, walk.account, half=False, later=later)
    walk.act(send(walk))


def _under_review(walk: Walk, **accepted) -> None:
    if walk.case.state == CaseState.PRE_REVIEW:
        walk.later(1, 2)
        walk.act(services.pass_pre_review, officer=walk.district.officer("pre_reviewer"))
    if walk.case.state == CaseState.RECEIVED:
        walk.later(1, 2)
        walk.act(services.accept, officer=walk.district.officer("window_officer"), **accepted)
    if walk.case.state == CaseState.ACCEPTED:
        walk.later(0.2, 1)
        walk.act(services.start_review, officer=_office(walk, "dept_reviewer"))


def _office(walk: Walk, role: str) -> Officer:
    return walk.district.officer(role, walk.department)


def _follows(walk: Walk, *, days_ago: int, days: int, who: str = "river-cafe") -> None:
    """Accepted although the plan is missing; it has a day of its own, which may be over already."""
    _sent(walk, who, "hygiene-licence", days_ago, later=PLAN_LATER)
    _under_review(walk, supply_days=days)
    for row in Tolerance.objects.filter(case=walk.case, settled=""):
        after = timezone.make_aware(datetime.combine(row.due + timedelta(days=1), datetime.min.time()))
        if after < walk.end:
            walk.at = after
            with moved_to(after):
                keeping_procedures.end_waiting_for_papers()
            walk.drain()


def _offered(walk: Walk, *, days_ago: int, who: str = "river-cafe", slug: str = "drainage-permit") -> None:
    _sent(walk, who, slug, days_ago)
    _under_review(walk)
    walk.later(1, 3)
    walk.quietly(services.offer_hearing, officer=_office(walk, "dept_reviewer"), reason=TOO_NEAR[0], ground=TOO_NEAR[1])


def _heard(walk: Walk) -> None:
    """Offered, asked for, and the day was the last working day: its record is to be written now."""
    _offered(walk, days_ago=20, who="qihe-trade", slug="tobacco-retail")
    row = Hearing.objects.get(case=walk.case)
    walk.later(4, 8)
    with moved_to(walk.at):
        services.ask_hearing(row, account=walk.account, wish="店面在学校侧门的另一条路上，我们带测量图来说明。")
    walk.later(2, 4)
    day = timezone.localtime(walk.end - timedelta(days=1))
    while not departments.calendar().is_working_day(day.date()).working:
        day -= timedelta(days=1)
    with moved_to(walk.at):
        leader = hearings.who_may_lead(walk.case)[0]
        services.invite_to_hearing(
            row, officer=_office(walk, "dept_reviewer"), meets_at=day.replace(hour=10, minute=0, second=0, microsecond=0), leader=leader,
            place="区行政服务中心三楼听证室", participants="申请人、学校代表、居委会代表",
        )  # fmt: skip
    walk.drain()


def _objected(walk: Walk) -> None:
    """A public notice that runs, with one objection that waits for its answer and one that has it."""
    _sent(walk, "start-up", "entertainment-licence", 4)
    _under_review(walk)
    walk.later(1, 2)
    walk.quietly(services.publish_notice, officer=_office(walk, "dept_reviewer"), **NOTICE)
    notice = walk.case.public_notices.get()
    for who, text, answer in OBJECTIONS:
        walk.later(1, 3)
        with moved_to(walk.at):
            account = walk.district.accounts[who]
            said = services.object_to(notice, account=account, party=walk.district.people[who], text=text)
        if answer:
            walk.later(1, 3)
            with moved_to(walk.at):
                services.answer_objection(said, officer=_office(walk, "dept_reviewer"), answer=answer, followed=False)
    walk.drain()


def _paid(walk: Walk, *, who: str, times: int) -> None:
    """Money that came twice goes back by itself; of money that came once an officer proposed to give some back."""
    _sent(walk, who, "driving-licence-renew", 5)
    _under_review(walk)
    walk.later(1, 3)
    walk.quietly(
        services.conclude, officer=_office(walk, "dept_reviewer"), proposal="approve", opinion="体检合格，建议换证。"
    )
    walk.act(services.approve, officer=_office(walk, "dept_approver"))
    bill = payments.bill_for(walk.case.subject)
    if bill is None:
        return
    walk.at = max(walk.at, min(walk.end - timedelta(days=1), walk.at + timedelta(days=2)))
    with moved_to(walk.at):
        payment = till.start([bill], party=walk.case.applicant, account=walk.account, by="simulated")
        till.open_page(payment)
        TwinCharge.objects.filter(reference=payment.ref).update(state="paid", paid_at=walk.at, times=times)
        paying.ask(payment.pk)
    walk.drain()
    if times == 1:
        walk.later(1, 3)
        with moved_to(walk.at):
            till.propose(
                Bill.objects.get(pk=bill.pk), officer=walk.district.officer("issuing_officer"), amount=bill.total,
                why="mistake", reason="就业困难人员换证免收工本费，收费时未核减。",
            )  # fmt: skip


def _one_more(walk: Walk) -> None:
    """Somebody explains why a matter that takes one application should take one more."""
    for version in MatterVersion.objects.filter(state=MatterVersion.State.PUBLISHED).select_related("matter"):
        if repeating.rule_of(version) is not None:
            person = walk.district.people["li-na"]
            with moved_to(walk.end - timedelta(hours=20)):
                excepting.ask_for_one_more(
                    version.matter, party=person, account=walk.district.accounts["li-na"],
                    words="上次申请后我们搬了家，家里多了一位老人要照顾，情况变了，请允许再申请一次。",
                )  # fmt: skip
            return


def _entered_twice(walk: Walk) -> None:
    """Somebody without an account came to the window; one sign of the passport was typed wrong, and now there are two records of them."""
    known = walk.district.people["anna"]
    officer = walk.district.officer("window_officer")
    walk.at = walk.end - timedelta(days=6)
    while not walk.later(0, 2):
        walk.at -= timedelta(days=1)
    with moved_to(walk.at):
        found = window.identify(
            id_kind=known.id_kind, id_no=MISTYPED, name=known.name, birth_date=known.birth_date, sex=known.sex,
            nationality=known.nationality, compared=True, actor=acting(officer, "window_officer"),
        )  # fmt: skip
        visit = services.begin_visit(found.person, officer=officer, id_kind=known.id_kind, proof=found.proof)
        matter = Matter.objects.select_related("department").get(slug="residence-registration")
        walk.case, walk.account = services.begin_at_window(matter, party=found.person, visit=visit), officer.account
        fill_in(walk, walk.account, half=False)
        paper = services.Signature(Case.Signed.PAPER, services.content_of(walk.case), "综合窗口二号档案盒")
        services.hand_in(walk.case, officer=officer, visit=visit, signed=paper)
        services.end_visit(visit, officer=officer)
    walk.drain()
    sameness.trace([known, found.person])


STORIES: tuple[tuple[str, Callable[[Walk], object]], ...] = (
    ("paper follows", partial(_follows, days_ago=2, days=3)),
    ("paper did not come", partial(_follows, days_ago=8, days=1, who="food-supply")),
    ("hearing offered", partial(_offered, days_ago=3)),
    ("hearing held", _heard),
    ("objections", _objected),
    ("paid twice", partial(_paid, who="wang-anhui", times=2)),
    ("refund", partial(_paid, who="chen-flex", times=1)),
    ("one more", _one_more),
    ("entered twice", _entered_twice),
)
