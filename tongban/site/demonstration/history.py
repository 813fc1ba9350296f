"""Ninety days of cases, each walked by the acts of the product at the hour they would have happened."""

import random
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.utils import timezone

from tongban.cases import rules, services
from tongban.cases.models import Case, CaseMaterial
from tongban.cases.services import issuing
from tongban.cases.states import ENDED, CaseState
from tongban.departments import queries as departments
from tongban.evaluations import services as evaluations
from tongban.evaluations.models import FollowUp
from tongban.journal import services as journal
from tongban.journal.models import Job
from tongban.lib.bilingual import say
from tongban.lib.problems import Problem
from tongban.matters import promises
from tongban.matters.models import Matter
from tongban.notices.models import Message, Preference
from tongban.parties.models import Account
from tongban.payments import queries as payments
from tongban.payments import services as till
from tongban.payments.gateways import simulated
from tongban.payments.services import paying
from tongban.site.demonstration import bundles
from tongban.site.demonstration.answers import fill
from tongban.site.demonstration.moved_time import moved_to
from tongban.site.demonstration.papers import sample_paper
from tongban.site.demonstration.people import District

log = structlog.get_logger("demonstration")

S = CaseState
SEED = 20260101
DAYS = 90

# (where it ends up, how many, days ago it began: from, to)
PLAN: list[tuple[str, int, tuple[int, int]]] = [
    ("closed by machine", 84, (2, 88)),
    ("closed", 62, (32, 88)),
    ("ready", 16, (12, 30)),
    ("refused", 11, (30, 80)),
    ("not_accepted", 7, (10, 80)),
    ("withdrawn", 9, (4, 80)),
    ("lapsed", 4, (50, 85)),
    ("terminated", 3, (20, 70)),
    ("revoked", 2, (60, 85)),
    ("approved", 3, (3, 12)),
    ("site_inspection", 5, (9, 20)),
    ("suspended", 4, (8, 30)),
    ("public_notice", 2, (6, 12)),
    ("reviewed", 9, (4, 16)),
    ("under_review", 18, (3, 40)),
    ("correction_requested", 8, (5, 24)),
    ("received", 13, (1, 5)),
    ("pre_review_returned", 6, (2, 20)),
    ("pre_review", 12, (0, 2)),
    ("draft", 16, (0, 60)),
    # These the worker moves on as soon as it runs: their last act is done when everything else is.
    ("accepted", 2, (3, 6)),
    ("submitted", 3, (0, 0)),
    ("issuing", 2, (8, 14)),
    ("delivered", 2, (10, 20)),
]

BY_MACHINE = {
    "wang-anhui": ["insurance-record-print", "fund-query", "tax-paid-proof", "offsite-medical-filing", "lease-filing", "name-declaration", "traffic-violation"],
    "li-na": ["insurance-record-print", "estate-query", "fund-query", "tax-paid-proof", "resident-medical-enrol", "birth-registration"],
    "chen-flex": ["flexible-insurance", "insurance-record-print", "medical-book", "offsite-medical-filing", "fund-query"],
    "zhang-wei": ["senior-card", "medical-book", "insurance-record-print", "estate-query", "offsite-medical-filing"],
    "zheng-90": ["senior-card", "medical-book", "offsite-medical-filing"],
    "wu-skill": ["insurance-record-print", "traffic-violation", "fund-query", "tax-paid-proof"],
    "zhao-grad": ["name-declaration", "sole-prop-register", "lease-filing", "insurance-record-print"],
    "feng-talent": ["tax-paid-proof", "estate-query", "fund-query", "traffic-violation"],
    "zhou-unemp": ["insurance-record-print", "medical-book", "fund-query"],
    "sun-disabled": ["disability-subsidy", "medical-book"],
    "anna": ["residence-registration", "foreigner-accommodation", "tax-paid-proof"],
    "qihe-trade": ["tax-registration", "fund-register-unit", "pollutant-registration", "vat-refund", "alcohol-retail", "seal-filing"],
    "river-cafe": ["tax-registration", "pollutant-registration", "seal-filing", "alcohol-retail", "fund-register-unit"],
    "food-supply": ["eia-registration", "pollutant-registration", "tax-registration"],
    "smart-sec": ["tax-registration", "eia-registration", "fund-register-unit"],
    "start-up": ["tax-registration", "fund-register-unit", "seal-filing", "publication-retail"],
    "global-hq": ["fund-register-unit", "eia-registration"],
    "layoff": ["eia-registration", "pollutant-registration"],
}  # fmt: skip
BY_PEOPLE = {
    "li-na": ["hukou-birth", "school-enrol", "social-card"],
    "zhang-wei": ["medical-reimburse", "social-card", "death-benefit"],
    "zheng-90": ["social-card", "medical-reimburse"],
    "wang-anhui": ["public-rental", "social-card", "legal-aid"],
    "zhao-grad": ["public-rental", "social-card"],
    "wu-skill": ["legal-aid", "retirement", "social-card"],
    "sun-disabled": ["legal-aid", "medical-reimburse", "social-card"],
    "zhou-unemp": ["medical-reimburse", "legal-aid"],
    "chen-flex": ["retirement", "medical-reimburse", "social-card"],
    "qihe-trade": ["tobacco-retail", "prepaid-card-filing", "device3-licence", "drug-retail"],
    "river-cafe": ["fire-check", "hygiene-licence", "small-catering-filing", "drainage-permit"],
    "food-supply": ["food-licence-new", "drainage-permit", "construction-waste", "special-equipment-reg", "hygiene-licence"],
    "smart-sec": ["tech-contract", "hightech-recognition", "construction-permit"],
    "start-up": ["performance-approval", "film-screening", "entertainment-licence", "prepaid-card-filing"],
    "global-hq": ["food-licence-new", "foreigner-work-permit", "hotel-special-permit", "swimming-licence", "fire-check"],
    "layoff": ["special-equipment-reg", "construction-waste", "construction-permit"],
}  # fmt: skip
UPLOADED = [
    "drug-retail", "device3-licence", "hotel-special-permit", "swimming-licence", "film-screening", "tobacco-retail",
    "drainage-permit", "hygiene-licence", "entertainment-licence", "medical-reimburse", "death-benefit", "retirement",
    "construction-permit", "performance-approval",
]  # fmt: skip
INSPECTED = [
    "food-licence-new",
    "hygiene-licence",
    "fire-check",
    "drainage-permit",
    "tobacco-retail",
    "swimming-licence",
]
NOTICED = ["public-rental", "entertainment-licence"]
CHARGED = ["driving-licence-renew"]
LICENSED = ["social-card", "food-licence-new", "hygiene-licence", "fire-check", "tobacco-retail"]

FINDINGS = [
    {
        "zh": "请上传清晰的原件照片，目前看不清文字。",
        "en": "Please add a clear photograph of the original; the text cannot be read.",
    },
    {"zh": "所填内容与材料不一致，请核对。", "en": "What you entered differs from the paper. Please compare."},
    {"zh": "缺少盖章页，请补充。", "en": "The page with the seal is missing. Please add it."},
]
OPINIONS = [
    "材料齐全，符合条件，建议准予。",
    "经审查并核对共享数据，符合规定，建议准予。",
    "现场情况与图纸一致，建议准予。",
]
PRAISE = [
    "办得很快。",
    "页面清楚，一次就办好了。",
    "很方便，没跑腿。",
    "Quick and clear, thank you.",
    "工作人员很耐心。",
    "",
]
BLAME = [
    ("late", "承诺的时间过了还没有结果。"),
    ("unclear", "不知道到底缺什么，打了两次电话才问清楚。"),
    ("system", "上传照片试了好几次。"),
    ("guide-wrong", "指南上没写要盖章页。"),
]


# What a walk looks at to know where its case stands; acts read the rest themselves.
FOLLOWED = ["state", "opinion", "corrections", "decided_at", "claimed_by_id", "reviewer_id", "approver_id"]


@dataclass
class Walk:
    """One case on its way, and the hour it is for it."""

    district: District
    rng: random.Random
    target: str
    at: datetime
    end: datetime
    case: Case = field(init=False)
    account: Account = field(init=False)
    visited: list[str] = field(default_factory=list)
    last_act: Callable | None = None

    def later(self, low: float, high: float) -> bool:
        """Some hours on, within working hours of a working day; False when that has not come yet."""
        moment = self.at + timedelta(hours=self.rng.uniform(low, high))
        calendar = departments.calendar()
        while not calendar.is_working_day(timezone.localtime(moment).date()).working:
            moment += timedelta(days=1)
        local = timezone.localtime(moment)
        if not 9 <= local.hour < 17:
            local = local.replace(hour=9 + self.rng.randrange(0, 7), minute=self.rng.randrange(0, 60))
        moment = max(local, self.at + timedelta(minutes=1))
        if moment >= self.end:
            return False
        self.at = moment
        return True

    def drain(self) -> None:
        """What the worker would have done by now."""
        with moved_to(self.at):
            while Job.objects.filter(state=Job.WAITING, run_at__lte=self.at).exists():
                journal.work_once(limit=50)
        self.look()

    def look(self) -> None:
        now = Case.objects.filter(pk=self.case.pk).values(*FOLLOWED).get()
        for name, value in now.items():
            setattr(self.case, name, value)

    def act(self, do: Callable, **more) -> None:
        """An act after which the platform goes on by itself."""
        with moved_to(self.at):
            do(self.case, **more)
        self.drain()

    def quietly(self, do: Callable, **more) -> None:
        """An act that only leads to messages: they are written with the next turn of the worker."""
        with moved_to(self.at):
            do(self.case, **more)
        self.look()

    @property
    def department(self) -> str:
        return self.case.department.code


@contextmanager
def nobody_gets_letters() -> Iterator[None]:
    """Nobody gets the letters of three months at the first start: while the past is written, the inbox alone is."""
    chosen = Preference.objects.values("account")
    silent = [Preference(account=one, email=False, sms=False) for one in Account.objects.exclude(pk__in=chosen)]
    made = Preference.objects.bulk_create(silent)
    yield
    Preference.objects.filter(pk__in=[one.pk for one in made]).delete()


def write(district: District, now: datetime, progress: Callable[[int], None]) -> dict[str, int]:
    """About three hundred cases; how many came to stand where."""
    rng = random.Random(SEED)  # noqa: S311 - a story, not a secret
    walks = _plans(district, rng, now)
    with nobody_gets_letters():
        for walk in walks:
            _walk(walk)
            progress(1)
        bundles.write(district, now)
        _finish_errands(now)
        for walk in walks:
            if walk.last_act is not None:
                walk.last_act()
        _answer_bad_ratings(district, rng, now)
    Message.objects.filter(at__lt=now - timedelta(days=4)).update(read_at=now - timedelta(days=3))
    stand: dict[str, int] = {}
    of_walks = Case.objects.filter(parent__isnull=True).exclude(matter__kind=Matter.Kind.BUNDLE)
    for state in of_walks.values_list("state", flat=True):
        stand[state] = stand.get(state, 0) + 1
    return stand


def _finish_errands(now: datetime) -> None:
    while Job.objects.filter(state=Job.WAITING, run_at__lte=now).exists():
        journal.work_once(limit=50)


def how_many() -> int:
    return sum(count for _target, count, _days in PLAN)


def _plans(district: District, rng: random.Random, now: datetime) -> list[Walk]:
    """Oldest first, so that numbers, serials and events run as time does."""
    walks = []
    for target, count, (least, most) in PLAN:
        for number in range(count):
            if most == 0:
                begun = now - timedelta(minutes=rng.randrange(5, 40))
            else:
                days_ago = least + (most - least) * (number + rng.random()) / count
                begun = _daytime(now - timedelta(days=days_ago), rng)
            walks.append(Walk(district, rng, target, min(begun, now - timedelta(minutes=5)), now))
    return sorted(walks, key=lambda walk: walk.at)


def _daytime(moment: datetime, rng: random.Random) -> datetime:
    hour = rng.choice([8, 9, 9, 10, 10, 11, 12, 13, 14, 14, 15, 16, 18, 19, 20, 21])
    local = timezone.localtime(moment)
    return local.replace(hour=hour, minute=rng.randrange(0, 60), second=rng.randrange(0, 60))


def _choose(walk: Walk) -> tuple[str, str]:
    """(who, matter) for a target."""
    offers = BY_MACHINE if walk.target == "closed by machine" else BY_PEOPLE
    if walk.target == "draft" and walk.rng.random() < 0.5:
        offers = BY_MACHINE
    wanted = {
        "pre_review": UPLOADED,
        "pre_review_returned": UPLOADED,
        "site_inspection": INSPECTED,
        "public_notice": NOTICED,
        "approved": CHARGED,
        "issuing": LICENSED,
        "revoked": LICENSED,
    }.get(walk.target)
    if wanted == CHARGED:
        return walk.rng.choice(["wang-anhui", "chen-flex"]), "driving-licence-renew"
    pairs = [(who, slug) for who, slugs in offers.items() for slug in slugs if wanted is None or slug in wanted]
    return walk.rng.choice(pairs)


def _walk(walk: Walk) -> None:
    district = walk.district
    who, slug = _choose(walk)
    party = district.people.get(who) or district.companies[who]
    account = walk.account = district.account_for(party)
    matter = Matter.objects.select_related("department").get(slug=slug)
    channel = walk.rng.choice(["online_pc", "online_mobile", "online_mobile"])
    with moved_to(walk.at):
        walk.case = services.begin(matter, party=party, account=account, channel=channel)
        fill_in(walk, account, half=walk.target == "draft")
    if walk.target == "draft":
        return
    # Sent some minutes after it was begun, and never later than now.
    walk.at = min(walk.at + timedelta(minutes=walk.rng.uniform(2, 12)), walk.end - timedelta(minutes=1))
    if walk.target == "submitted":
        walk.last_act = partial(send(walk), walk.case)
        return
    walk.act(send(walk))
    for _step in range(20):
        before = (walk.case.state, walk.case.opinion)
        try:
            if not _next(walk):
                break
        except Problem as problem:
            log.warning("the demonstration's walk ended early", target=walk.target, matter=slug, code=problem.code)
            break
        if (walk.case.state, walk.case.opinion) == before:
            break
    _perhaps_rate(walk, account)


def fill_in(walk: Walk, account, *, half: bool, later: Collection[str] = ()) -> None:
    """Answers and papers; `later`: papers that are said to follow, and then nothing is promised."""
    case = walk.case
    if case.version.situations and not case.situation:
        case = services.choose_situation(case, [walk.rng.choice(case.version.situations)["id"]], account=account)
    given = fill(
        case,
        walk.rng,
        timezone.localdate(),
        commit=walk.rng.random() < 0.6 and not later and walk.target != "site_inspection",
    )
    if half:
        given = dict(list(given.items())[: max(1, len(given) // 2)])
    case = services.save(case, given, revision=case.revision, account=account, step="form" if half else "check")
    if not half:
        allowed = {row.slug: row.exempt for row in rules.requirements_of(case)}
        for row in case.materials.select_related("type"):
            if row.how != CaseMaterial.How.MISSING or not row.required:
                continue
            if row.type.slug in later:
                services.supply_later(case, row.type.slug, account=account)
            elif allowed[row.type.slug] == "commitment" and not later:
                services.commit_to(case, row.type.slug, account=account)
            else:
                services.attach(
                    case, row.type.slug, sample_paper(walk.district, case.applicant, by=account), account=account
                )
        case.refresh_from_db()
    walk.case = case


def send(walk: Walk) -> Callable[[Case], Case]:
    return partial(services.submit, account=walk.account, level=rules.SIGNING_LEVEL, key=f"demo-{walk.case.ref}")


def _next(walk: Walk) -> bool:
    """One act further on the way; False where the way ends or the hour has not come."""
    target, rng, state = walk.target, walk.rng, CaseState(walk.case.state)
    if state in ENDED or state == target:
        return _revoke(walk) if target == "revoked" and state == S.CLOSED else False
    if target == "withdrawn" and rng.random() < 0.4 and state not in {S.READY, S.APPROVED, S.ISSUING}:
        if not walk.later(2, 30):
            return False
        walk.quietly(services.withdraw, account=walk.account, reason="不需要了")
        return True
    step = {
        S.PRE_REVIEW: _pre_review,
        S.PRE_REVIEW_RETURNED: _resubmit,
        S.RECEIVED: _intake,
        S.CORRECTION_REQUESTED: _correct,
        S.ACCEPTED: _begin_review,
        S.UNDER_REVIEW: _review,
        S.SITE_INSPECTION: _inspected,
        S.SUSPENDED: _resume,
        S.APPROVED: _fee,
        S.READY: _open,
    }.get(state)
    return bool(step and step(walk))


def _finding(case: Case, rng: random.Random) -> dict:
    uploaded = [row for row in case.materials.select_related("type") if row.how == CaseMaterial.How.UPLOAD]
    text = say(rng.choice(FINDINGS), case.account.language)
    if uploaded:
        return {"material": rng.choice(uploaded).type.slug, "page": 1, "text": text}
    field_ids = [
        one["id"] for one in case.version.form if not one.get("readonly") and one["type"] not in ("consent", "action")
    ]
    return {"field": rng.choice(field_ids), "text": say(FINDINGS[1], case.account.language)}


def _pre_review(walk: Walk) -> bool:
    if not walk.later(1, 9):
        return False
    officer = walk.district.officer("pre_reviewer")
    returned = walk.target == "pre_review_returned" or (walk.target == "closed" and walk.rng.random() < 0.12)
    if returned and "returned" not in walk.visited:
        walk.visited.append("returned")
        walk.quietly(services.return_from_pre_review, findings=[_finding(walk.case, walk.rng)], officer=officer)
    else:
        walk.act(services.pass_pre_review, officer=officer)
    return True


def _answer_all(walk: Walk) -> None:
    for finding in walk.case.findings.filter(answered_at__isnull=True):
        services.answer_finding(walk.case, finding.pk, account=walk.account)


def _resubmit(walk: Walk) -> bool:
    if not walk.later(3, 60):
        return False
    with moved_to(walk.at):
        _answer_all(walk)
    walk.act(services.resubmit, account=walk.account, level=rules.SIGNING_LEVEL)
    return True


def _intake(walk: Walk) -> bool:
    if not walk.later(2, 20):
        return False
    officer = walk.district.staff[walk.rng.choice(["window", "window2"])]
    if walk.target == "not_accepted":
        walk.quietly(
            services.not_accept,
            officer=officer,
            reason="本事项不属于本区受理范围，请向营业地所在区申请。",
            ground="《中华人民共和国行政许可法》第三十二条",
        )
    elif (
        walk.target in {"correction_requested", "lapsed"} or (walk.target == "closed" and walk.rng.random() < 0.18)
    ) and not walk.case.corrections:
        walk.quietly(services.request_correction, findings=[_finding(walk.case, walk.rng)], officer=officer)
    else:
        accept = partial(services.accept, officer=officer)
        if walk.target == "accepted":
            walk.last_act = partial(accept, walk.case)
            return False
        walk.act(accept)
    return True


def _correct(walk: Walk) -> bool:
    if walk.target == "lapsed":
        walk.at += timedelta(days=32)
        if walk.at >= walk.end:
            return False
        with moved_to(walk.at):
            services.lapse(walk.case, now=walk.at)
        walk.drain()
        return True
    if not walk.later(6, 120):
        return False
    with moved_to(walk.at):
        _answer_all(walk)
    walk.act(services.correct, account=walk.account, level=rules.SIGNING_LEVEL)
    return True


def _begin_review(walk: Walk) -> bool:
    if not walk.later(0.2, 3):
        return False
    walk.act(services.start_review, officer=walk.district.officer("dept_reviewer", walk.department))
    return True


def _review(walk: Walk) -> bool:
    case, target, rng = walk.case, walk.target, walk.rng
    reviewer = walk.district.officer("dept_reviewer", walk.department)
    approver = walk.district.officer("dept_approver", walk.department)
    if target == "terminated":
        if not walk.later(6, 40):
            return False
        walk.quietly(services.terminate, officer=approver, reason="申请人已注销，审查对象不复存在。")
        return True
    if not walk.later(5, 30):
        return False
    if target == "suspended":
        walk.quietly(services.suspend, officer=reviewer, kind="expert_review", planned_days=15, why="需组织专家评审。")
        return True
    if target == "public_notice":
        walk.quietly(services.publish_notice, officer=reviewer, text="对申请情况予以公示，公示期内可提出异议。")
        return True
    inspected = (
        promises.inspected(case.version, case.situation) and "inspected" not in walk.visited and not case.committed
    )
    if inspected and (target == "site_inspection" or (target == "closed" and rng.random() < 0.5)):
        walk.quietly(services.order_inspection, officer=reviewer, why="核对经营场所与图纸")
        return True
    if target == "under_review":
        return False
    if not case.opinion:
        proposal = "refuse" if target == "refused" else "approve"
        opinion = "不符合规定条件，建议不予。" if proposal == "refuse" else rng.choice(OPINIONS)
        walk.quietly(services.conclude, officer=reviewer, proposal=proposal, opinion=opinion)
        return target != "reviewed"
    if target == "refused":
        walk.quietly(
            services.refuse,
            officer=approver,
            reason="提交的内容和材料不足以证明符合规定条件，经告知后仍未能补充。",
            ground="《中华人民共和国行政许可法》第三十八条",
        )
    elif target == "issuing":
        walk.last_act = partial(_grant_and_issue, case, approver)
        return False
    else:
        walk.act(services.approve, officer=approver)
    return True


def _grant_and_issue(case: Case, approver) -> None:
    issuing.issue_by_platform(services.approve(case, officer=approver).pk)


def _inspected(walk: Walk) -> bool:
    if not walk.later(6, 30):
        return False
    first = walk.district.officer("inspector", walk.department)
    second = walk.district.officer("inspector", walk.department, other_than=first)
    walk.visited.append("inspected")
    walk.quietly(_record_and_sign, first=first, second=second)
    return True


def _record_and_sign(case: Case, *, first, second) -> Case:
    row = case.inspections.filter(done_at__isnull=True).latest("id")
    said = {
        "answers": {point["id"]: {"answer": "yes", "remark": ""} for point in row.points},
        "record": "布局与图纸一致，设施齐全，符合要求。", "present": case.applicant.name, "there_way": "paper", "finding": "in_order",
    }  # fmt: skip
    row = services.sign_inspection(row, officer=first, said=said, revision=row.revision)
    services.sign_inspection(row, officer=second)
    return Case.objects.get(pk=case.pk)


def _resume(walk: Walk) -> bool:
    if not walk.later(50, 120):
        return False
    walk.quietly(
        services.resume, officer=walk.district.officer("dept_reviewer", walk.department), result="专家评审通过。"
    )
    return True


def _fee(walk: Walk) -> bool:
    if not walk.later(3, 20):
        return False
    walk.act(_pay, district=walk.district, account=walk.account, online=walk.rng.random() < 0.7)
    return True


def _pay(case: Case, *, district: District, account: Account, online: bool) -> None:
    """Most pay with the simulated service, some at a window; the case then goes on by itself."""
    bill = payments.bill_for(case.subject) or services.set_fee(
        case, officer=district.officer("issuing_officer"), amount="80", ground="示范区收费目录"
    )
    if not online:
        till.take_at_window([bill], officer=district.officer("window_officer"), method="cash")
        return
    payment = till.start([bill], party=case.applicant, account=account, by="simulated")
    charge = simulated.charge(till.open_page(payment).split("/")[2])
    if charge is not None:
        simulated.choose(charge, "silent")
    paying.ask(payment.pk)


def _open(walk: Walk) -> bool:
    if walk.target == "ready" or not walk.later(0.5, 48):
        return False
    opened = partial(services.open_result, account=walk.account)
    if walk.target == "delivered":
        walk.last_act = partial(opened, walk.case)
        return False
    walk.act(opened)
    return True


def _revoke(walk: Walk) -> bool:
    walk.at += timedelta(days=8)
    if walk.at >= walk.end:
        return False
    walk.quietly(
        services.revoke,
        officer=walk.district.officer("dept_approver", walk.department),
        reason="核查发现申请时的承诺与事实不符。",
        ground="《中华人民共和国行政许可法》第六十九条",
        heard=True,
    )
    return True


def _perhaps_rate(walk: Walk, account) -> None:
    """Two of three say how it was, nearly all of them well."""
    if walk.case.state != S.CLOSED or walk.rng.random() > 0.62 or not walk.later(1, 40):
        return
    bad = walk.rng.random() < 0.06
    grade = walk.rng.choice([4, 5]) if bad else walk.rng.choice([1, 1, 1, 1, 2, 2, 3])
    reason, text = walk.rng.choice(BLAME) if bad else ("", walk.rng.choice(PRAISE))
    with moved_to(walk.at):
        evaluations.rate(
            walk.case,
            account=account,
            grade=grade,
            reasons=[reason] if reason else [],
            text=text,
            named=walk.rng.random() < 0.5,
            key=f"demo-{walk.case.ref}",
        )


def _answer_bad_ratings(district: District, rng: random.Random, now: datetime) -> None:
    """Older bad ratings were put right; the youngest still wait."""
    supervisor, coordinator = district.staff["supervisor"], district.staff["coordinator"]
    rows = list(FollowUp.objects.select_related("rating", "rating__case").order_by("pk"))
    for number, follow_up in enumerate(rows):
        left = len(rows) - number
        rated = follow_up.rating.at
        if left <= 1 or rated + timedelta(days=6) > now:
            continue
        with moved_to(rated + timedelta(hours=20)):
            evaluations.contact(follow_up, officer=supervisor, note="已电话联系，了解情况。")
        if left <= 2:
            continue
        with moved_to(min(rated + timedelta(days=4), now)):
            evaluations.rectify(
                follow_up, officer=supervisor, explanation="已向您说明原因，并更正了指南；感谢您的意见。"
            )
        if left > 3:
            with moved_to(min(rated + timedelta(days=5), now)):
                evaluations.call_back(follow_up, officer=coordinator)
