"""A few bundles on their way, walked by the acts of the product: what several departments do with one application can be seen at once."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from tongban.cases import bundles, planning, rules, services
from tongban.cases.models import Case, CaseMaterial
from tongban.cases.states import CaseState
from tongban.departments import queries as departments
from tongban.journal import services as journal
from tongban.journal.models import Job
from tongban.lib.problems import Problem
from tongban.matters.models import Matter
from tongban.site.demonstration.answers import fill
from tongban.site.demonstration.moved_time import moved_to
from tongban.site.demonstration.papers import sample_paper
from tongban.site.demonstration.people import District

log = structlog.get_logger("demonstration")

SEED = 20260714
REFUSAL = ("隔油设施与设计图不一致，污水未经处理接入管网。", "《城镇排水与污水处理条例》第二十一条")


@dataclass(frozen=True)
class Story:
    """Whose bundle, what was answered, how many days ago, and how far it has come.

    `granted` and `refused` name members; "*" grants all that can be decided. `then` is what the applicant does last.
    """

    who: str
    bundle: str
    chosen: tuple[str, ...]
    days_ago: int
    until: str
    granted: tuple[str, ...] = ()
    refused: str = ""
    then: str = ""


STORIES = (
    Story("river-cafe", "industry-cafe-teahouse", ("alcohol-retail", "shop-sign"), 12, "decided", ("*",), then="open"),
    Story(
        "food-supply",
        "industry-restaurant",
        ("drainage-permit", "shop-sign"),
        6,
        "review",
        ("food-licence-new",),
        "drainage-permit",
    ),
    Story("start-up", "industry-bakery", ("shop-sign",), 3, "review"),
    Story("qihe-trade", "industry-convenience-store", ("alcohol-retail", "shop-sign"), 2, "correction"),
    Story("global-hq", "industry-bar", ("shop-sign",), 1, "received"),
    Story("li-na", "one-thing-birth", (), 4, "review"),
)


def write(district: District, now: datetime) -> int:
    """The bundles of the demonstration; how many were made. One that cannot be walked holds up no other."""
    rng, made = random.Random(SEED), 0  # noqa: S311 - a story, not a secret
    for story in sorted(STORIES, key=lambda one: -one.days_ago):
        matter = Matter.objects.select_related("department").filter(slug=story.bundle, kind=Matter.Kind.BUNDLE).first()
        if matter is None:
            continue
        try:
            _Walk(story, district, rng, now).go(matter)
            made += 1
        except Problem as problem:
            log.warning(
                "the demonstration's bundle ended early", bundle=story.bundle, code=problem.code, why=str(problem)
            )
    return made


class _Walk:
    def __init__(self, story: Story, district: District, rng: random.Random, now: datetime):
        self.story, self.district, self.rng, self.end = story, district, rng, now
        self.party = district.people.get(story.who) or district.companies[story.who]
        self.account = district.account_for(self.party)
        begun = timezone.localtime(now - timedelta(days=story.days_ago))
        self.at = min(begun.replace(hour=9, minute=rng.randrange(5, 50)), now - timedelta(hours=2))

    def later(self, hours: float) -> None:
        """Some hours on, on a working day; never past the present."""
        moment = timezone.localtime(self.at + timedelta(hours=hours))
        while not departments.calendar().is_working_day(moment.date()).working and moment < self.end:
            moment += timedelta(days=1)
        self.at = min(moment, self.end - timedelta(minutes=1))

    def drain(self) -> None:
        with moved_to(self.at):
            while Job.objects.filter(state=Job.WAITING, run_at__lte=self.at).exists():
                journal.work_once(limit=50)

    def go(self, matter: Matter) -> None:
        with moved_to(self.at):
            case = self._filled(
                services.begin(matter, party=self.party, account=self.account, situation=self._answers(matter))
            )
            case = services.submit(case, account=self.account, level=rules.SIGNING_LEVEL, key=f"demo-{case.ref}")
        self.drain()
        case.refresh_from_db()
        desk = self.district.officer("window_officer")
        if case.state == CaseState.PRE_REVIEW:
            self.later(3)
            with moved_to(self.at):
                services.pass_pre_review(case, officer=self.district.officer("pre_reviewer"))
            self.drain()
            case.refresh_from_db()
        if self.story.until == "received":
            return
        self.later(4)
        with moved_to(self.at):
            if self.story.until == "correction":
                field = next(
                    one for one in planning.form_of(case) if one["id"] in case.values and not one.get("readonly")
                )
                services.request_correction(
                    case, [{"field": field["id"], "text": "请写明楼层和房间号，各部门核对时需要。"}], officer=desk
                )
            else:
                services.accept(case, officer=desk)
        self.drain()
        if self.story.until in {"review", "decided"}:
            self._decide(case)

    def _answers(self, matter: Matter) -> Sequence[str]:
        """What the story says, and of every question with several answers the first."""
        draft = Case(matter=matter, version=matter.versions.get(state="published"), situation=list(self.story.chosen))
        asked = planning.plan_from(draft.version, draft.situation, planning.versions_of(draft.version)).unanswered
        return [*self.story.chosen, *(one.options[0].id for one in asked)]

    def _filled(self, case: Case) -> Case:
        given = fill(case, self.rng, timezone.localdate())
        case = services.save(case, given, revision=case.revision, account=self.account, step="check")
        allowed = {row.slug: row.exempt for row in rules.requirements_of(case)}
        for row in case.materials.select_related("type").filter(how=CaseMaterial.How.MISSING, required=True):
            if allowed[row.type.slug] == "commitment":
                services.commit_to(case, row.type.slug, account=self.account)
            else:
                services.attach(case, row.type.slug, sample_paper(self.district, case.applicant), account=self.account)
        case.refresh_from_db()
        return case

    def _decide(self, case: Case) -> None:
        """Turn by turn, as members may begin; who is not named stays under review."""
        story = self.story
        for _turn in range(6):
            waiting = [one for one in bundles.parts_of(case) if one.case.state == CaseState.UNDER_REVIEW]
            named = [one for one in waiting if "*" in story.granted or one.row.slug in {*story.granted, story.refused}]
            if not named:
                break
            for part in named:
                self.later(self.rng.uniform(1, 4))
                self._decide_one(_as_it_is(part.case.pk), refused=part.row.slug == story.refused)
            self.drain()
        if story.then == "open":
            self.later(20)
            whole = _as_it_is(case.pk)
            if whole.state == CaseState.READY:
                with moved_to(self.at):
                    services.open_result(whole, account=self.account)
                self.drain()

    def _decide_one(self, case: Case, *, refused: bool) -> None:
        office = case.department.code
        reviewer = self.district.officer("dept_reviewer", office)
        approver = self.district.officer("dept_approver", office)
        with moved_to(self.at):
            proposal, opinion = ("refuse", REFUSAL[0]) if refused else ("approve", "材料齐全，符合条件，建议准予。")
            case = services.conclude(case, officer=reviewer, proposal=proposal, opinion=opinion)
            if refused:
                services.refuse(case, officer=approver, reason=REFUSAL[0], ground=REFUSAL[1])
            else:
                services.approve(case, officer=approver)


def _as_it_is(pk: int) -> Case:
    return Case.objects.select_related("matter", "version", "department", "applicant", "account", "licence").get(pk=pk)
