"""Inspections of venues on a phone: chance chooses the place and the workers, a scan shows the test, what was found goes to the venue.

The draw is written down with its seed before anybody sees it; drawing again while one is not done names a reason that the supervisor
reads. What a phone did without a line arrives under the phone's own names, so that it is written down once.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.codes import (
    bases,
    colours,
    events,
    queries_passes,
    queries_venues,
    test_results,
    visit_queries,
    visit_rules,
)
from tongban.codes.models import (
    EntryRule,
    Reader,
    Scene,
    Venue,
    VenueFinding,
    VenueKind,
    VenueVisit,
    VenueWorker,
    VisitPhoto,
    WorkerCheck,
)
from tongban.codes.services import status_deciding, verifying
from tongban.codes.services.ordering import REASON_AT_LEAST, SHORT, acting
from tongban.codes.test_results import TestSeen
from tongban.codes.venue_states import WorkerState
from tongban.codes.visit_rules import DAYS, DAYS_ELSE, LEADS_TO, SAMPLE, SAMPLE_AT_MOST
from tongban.codes.visit_states import (
    ANSWER_FOUND,
    CLOSE_FOUND,
    ESCALATE,
    FINISH_VISIT,
    GIVE_BACK,
    LEAVE_VISIT,
    FoundState,
    VisitState,
)
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.moves import NotNow, make
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.materials import services as documents
from tongban.notices import services as notices
from tongban.parties.models import Account, Person
from tongban.places.models import Division

INSPECTS, SUPERVISES = "inspector", ("supervisor", "coordinator")
SCENE, TOPIC = "inspection", "visits"
PHOTOS_AT_MOST = 20
SCANS_AT_MOST = 60
LONGEST = 4000
NOTHING_CHANGED = _("Nothing was changed.")


# -- the draw


def draw(
    *,
    officer: Officer,
    area: Division | None,
    kind: str = "",
    size: int = SAMPLE,
    why_again: str = "",
    now: datetime | None = None,
) -> VenueVisit:
    """Let chance choose a venue of the area and some of its workers. A second draw before the first is done needs a reason."""
    now = now or timezone.now()
    actor = acting(officer, INSPECTS)
    today = timezone.localdate(now)
    errors: dict[str, list] = {}
    if area is None:
        errors["area"] = [_("Please choose where.")]
    if kind and kind not in VenueKind.values:
        errors["kind"] = [_("There is no such kind of venue.")]
    if not 1 <= size <= SAMPLE_AT_MOST:
        errors["size"] = [worded(_("Please choose 1 to %(most)s workers."), most=SAMPLE_AT_MOST)]
    if errors or area is None:
        raise Invalid("not-drawn", errors=errors, kept=NOTHING_CHANGED)
    try:
        with transaction.atomic():
            _alone(officer)
            before = _left_for_this(officer, why_again, now)
            seed = secrets.token_hex(16)
            rows = visit_queries.to_draw_from(area, kind, today)
            among = rows.count()
            if not among:
                raise NotAllowed(
                    "nothing-to-draw",
                    _("No venue of this kind is in use in this area."),
                    kept=NOTHING_CHANGED,
                    next_step=_("Choose another area or any kind."),
                )
            venue = rows[visit_rules.chosen(seed, among)]
            workers = list(visit_queries.workers_of(venue).values_list("pk", flat=True))
            row = VenueVisit.objects.create(
                inspector=officer,
                area=area,
                kind=kind,
                venue=venue,
                seed=seed,
                among=among,
                staff=len(workers),
                sample=visit_rules.sampled(seed, workers, size),
                day=today,
                turn=_turns(officer, today) + 1,
                instead_of=before,
                why_again=why_again.strip()[:300] if before is not None else "",
                drawn_at=now,
            )
            journal.record(events.VenueDrawn(visit=row.pk, again=before is not None), subject=row.subject, actor=actor)
            journal.touch(TOPIC)
    except IntegrityError:
        raise NotAllowed(
            "drawn-already",
            _("You have drawn a venue this very moment."),
            kept=_("That draw stands."),
            next_step=_("Open it in the list."),
        ) from None
    return row


def _alone(officer: Officer) -> None:
    """Two taps are two draws, one after the other."""
    Officer.objects.select_for_update(of=("self",)).get(pk=officer.pk)


def _turns(officer: Officer, day) -> int:
    return VenueVisit.objects.filter(inspector=officer, day=day).aggregate(last=Max("turn"))["last"] or 0


def _left_for_this(officer: Officer, why: str, now: datetime) -> VenueVisit | None:
    """The draw that is not done yet: it is left for the new one, and that is written down."""
    open_ = VenueVisit.objects.filter(inspector=officer, state=VisitState.DRAWN).order_by("-id").first()
    if open_ is None:
        return None
    if len(why.strip()) < REASON_AT_LEAST:
        raise Invalid(
            "second-draw",
            _("A venue is drawn for you already and not done yet. Drawing again is written down with your reason."),
            errors={"why_again": [SHORT]},
            kept=_("The first draw stands."),
        )
    make(open_, LEAVE_VISIT)
    return open_


# -- on the spot


def check_worker(
    visit: VenueVisit,
    *,
    officer: Officer,
    text: str,
    key: str,
    told: datetime | None = None,
    now: datetime | None = None,
) -> WorkerCheck:
    """Scan one worker: identity code or health pass. The same key again answers what was written down then."""
    now = now or timezone.now()
    actor = _own(visit, officer)
    key, text = key.strip()[:40], text.strip()
    if not key or not text:
        raise Invalid("scan-missing", errors={"payload": [_("Scan the code, or type it.")]}, kept=NOTHING_CHANGED)
    kept = WorkerCheck.objects.filter(visit=visit, key=key).first()
    if kept is not None:
        return kept
    at = visit_rules.scanned_at(told, now)
    with transaction.atomic():
        visit = _held(visit)
        kept = WorkerCheck.objects.filter(visit=visit, key=key).first()
        if kept is not None:
            return kept
        if WorkerCheck.objects.filter(visit=visit).count() >= SCANS_AT_MOST:
            raise NotAllowed(
                "too-many-scans", _("This inspection has as many scans as it can keep."), kept=NOTHING_CHANGED
            )
        if text.upper().startswith("HC1:"):
            row = _by_pass(visit, text, key, at)
        else:
            row = _by_code(visit, text, key, at, officer)
        journal.record(events.WorkerChecked(visit=visit.pk, check=row.pk), subject=visit.subject, actor=actor)
        journal.touch(visit.subject)
    return row


def _by_code(visit: VenueVisit, text: str, key: str, at: datetime, officer: Officer) -> WorkerCheck:
    verdict = verifying.verify(text, reader=reader_of(officer), purpose=SCENE, at=at, by=officer.account)
    if not verdict.good or verdict.party is None:
        return _write(visit, key, WorkerCheck.How.CODE, at, reasons=["code_refused"], refused=verdict.reason)
    person = Person.objects.get(pk=verdict.party)
    same = Q(person=person) | Q(person__same_as=person.pk)
    if person.same_as_id:
        same |= Q(person=person.same_as_id) | Q(person__same_as=person.same_as_id)
    worker = VenueWorker.objects.filter(same, venue=visit.venue_id, state=WorkerState.WORKS).first()
    test = test_results.latest_test(person.pk, at)
    colour = colours.colour_of(person.pk, at)
    hours = queries_venues.staff_hours(visit.venue, at)
    reasons = visit_rules.reasons_against(test, hours=hours, at=at, colour=colour, on_list=worker is not None)
    return _write(
        visit, key, WorkerCheck.How.CODE, at, reasons=reasons, worker=worker, person=person, name=person.name, test=test,
        colour=colour,
    )  # fmt: skip


def _by_pass(visit: VenueVisit, text: str, key: str, at: datetime) -> WorkerCheck:
    """A pass names its holder as its issuer signed it: whose it is, the inspector compares."""
    answer = queries_passes.judge(text, at=at, trust=queries_passes.trust())
    name = answer.holder.name if answer.holder else ""
    if not answer.valid:
        refused = str(answer.reason or "")
        return _write(visit, key, WorkerCheck.How.PASS, at, reasons=["pass_refused"], name=name, refused=refused)
    test = (
        TestSeen(answer.test.type, answer.test.moment, answer.test.outcome, answer.test.centre or "", "pass")
        if answer.test
        else None
    )
    hours = queries_venues.staff_hours(visit.venue, at) if test is not None else None  # a vaccination stands for itself
    reasons = visit_rules.reasons_against(test, hours=hours, at=at)
    return _write(
        visit, key, WorkerCheck.How.PASS, at, reasons=reasons, name=name, test=test, kind=str(answer.kind or "")
    )


def _write(
    visit: VenueVisit,
    key: str,
    how: str,
    at: datetime,
    *,
    reasons: list[str],
    worker: VenueWorker | None = None,
    person: Person | None = None,
    test: TestSeen | None = None,
    **seen: str,
) -> WorkerCheck:
    told = {
        "type": test.type, "sampled_at": test.sampled_at.isoformat(), "result": test.result, "centre": test.centre,
        "source": test.source,
    } if test else None  # fmt: skip
    return WorkerCheck.objects.create(
        visit=visit, key=key, how=how, worker=worker, person=person, at=at, fine=not reasons,
        seen={**seen, "test": told, "reasons": reasons},
    )  # fmt: skip


def reader_of(officer: Officer) -> Reader:
    """The registered reader of this department's inspectors: what a person sees in the record of checks names it."""
    scene = Scene.objects.filter(slug=SCENE, in_force=True).first()
    if scene is None:
        raise NotAllowed(
            "no-scene",
            _("Identity codes are not read at inspections here."),
            next_step=_("Ask the service office to put the scene “inspection” in force."),
        )
    name = f"{officer.department.name['zh']} {officer.department.name.get('en', '')}".strip()[:80]
    found = Reader.objects.select_related("scene").filter(scene=scene, operator=f"inspection:{officer.department.code}")
    return found.order_by("id").first() or Reader.objects.create(
        name=name, place=name, operator=f"inspection:{officer.department.code}", sort=Reader.Sort.DESK, scene=scene
    )


def note_visit(
    visit: VenueVisit,
    *,
    officer: Officer,
    said: Mapping[str, Any],
    revision: int,
    saver: str = "",
    now: datetime | None = None,
) -> VenueVisit:
    """Keep what is written so far; scans that waited for a line are written down with it, each once."""
    now = now or timezone.now()
    _own(visit, officer)
    for scan in list(said.get("scans") or [])[:SCANS_AT_MOST]:
        check_worker(visit, officer=officer, text=scan["text"], key=scan["key"], told=scan.get("at"), now=now)
    with transaction.atomic():
        visit = _held(visit)
        if revision != visit.revision and (not saver or saver != visit.saver):
            raise NotAllowed(
                "changed-elsewhere",
                _("The record was written on another phone meanwhile."),
                kept=_("Both stand: what was kept there, and what you see here until you close this page."),
                next_step=_("Open the page again, then add what is missing."),
            )
        visit.note = str(said.get("note", "")).strip()[:LONGEST]
        visit.place = str(said.get("place", "")).strip()[:300]
        visit.why_fewer = str(said.get("why_fewer", "")).strip()[:500]
        visit.position = said.get("position") or visit.position
        visit.revision, visit.saver, visit.saved_at = visit.revision + 1, saver[:24], now
        visit.save(update_fields=["note", "place", "why_fewer", "position", "revision", "saver", "saved_at"])
    return visit


def add_visit_photo(
    visit: VenueVisit, *, officer: Officer, file: BinaryIO, key: str, now: datetime | None = None
) -> VisitPhoto:
    """A photograph, through the gate of materials; the same key again answers the one that was kept."""
    actor = _own(visit, officer)
    key = key.strip()[:40]
    if not key:
        raise Invalid("photo-nameless", _("The photograph has no name of its own."))
    kept = VisitPhoto.objects.filter(visit=visit, key=key).first()
    if kept is not None:
        return kept
    if visit.photos.count() >= PHOTOS_AT_MOST:
        raise NotAllowed(
            "too-many-photos", worded(_("An inspection keeps up to %(number)s photographs."), number=PHOTOS_AT_MOST)
        )
    document = documents.keep(
        [file], owner=visit.venue.party, by=officer.account, name=f"visit-{visit.ref}", actor=actor
    )
    with transaction.atomic():
        visit = _held(visit)
        kept = VisitPhoto.objects.filter(visit=visit, key=key).first()
        if kept is not None:  # the same one came twice at once: this copy goes, nobody names it
            documents.remove(document, by=officer.account, actor=actor)
            return kept
        return VisitPhoto.objects.create(visit=visit, key=key, document=document, at=now or timezone.now())


def finish_visit(
    visit: VenueVisit,
    *,
    officer: Officer,
    found: Mapping[str, str],
    said: Mapping[str, Any] | None = None,
    revision: int = -1,
    saver: str = "",
    now: datetime | None = None,
) -> VenueVisit:
    """The record is done: the venue is told what was found and until when it is put right. Done again, it changes nothing.

    What the scans show is found by itself: a positive test cannot be left out of the record.
    """
    now = now or timezone.now()
    actor = _own(visit, officer, done_too=True)
    if visit.state == VisitState.DONE:
        return visit
    if said is not None:
        visit = note_visit(visit, officer=officer, said=said, revision=revision, saver=saver, now=now)
    visit = visit_queries.visit_by_ref(visit.ref) or visit
    checks = visit_queries.checks_of(visit)
    errors: dict[str, list] = {}
    good = {check.worker_id for check in checks if check.worker_id}
    missed = [worker for worker in visit.sample if worker not in good]
    if missed and not visit.why_fewer:
        errors["why_fewer"] = [
            worded(_("%(number)s of the drawn workers were not checked. Say why."), number=len(missed))
        ]
    if not visit.place and not visit.position:
        errors["place"] = [_("Say where you were: the place by the phone, or typed.")]
    if unknown := sorted(set(found) - set(VenueFinding.What.values)):
        errors["found"] = [worded(_("There is no such finding: %(what)s."), what=unknown[0][:20])]
    elif "other" in found and not found["other"].strip():
        errors["found"] = [_("Say what else was not in order.")]
    if errors:
        raise Invalid("visit-not-done", errors=errors, kept=_("The record is kept as it stands."))
    by_scans = {str(LEADS_TO[reason]) for check in checks for reason in check.seen["reasons"] if reason in LEADS_TO}
    with transaction.atomic():
        visit = _held(visit)
        make(visit, FINISH_VISIT, done_at=now)
        _find(visit, {**dict.fromkeys(by_scans, ""), **found}, now)
        _propose_by_rule(visit, checks, now)
        journal.record(events.VenueVisited(visit=visit.pk), subject=visit.subject, actor=actor)
        many = visit.findings.count()
        _tell(visit.venue, "visit_done" if many else "visit_fine", once=f"visit:{visit.pk}", count=many)
        journal.touch(TOPIC, visit.subject, visit.venue.subject)
    return visit


def _find(visit: VenueVisit, found: Mapping[str, str], now: datetime) -> None:
    calendar, today = departments.calendar(), timezone.localdate(now)
    VenueFinding.objects.bulk_create(
        [
            VenueFinding(
                visit=visit,
                venue=visit.venue,
                what=what,
                words=words.strip()[:1000],
                due=calendar.due(today, days_of(what)).day or today,
                counted_from=today,
            )
            for what, words in sorted(found.items())
        ]
    )


def days_of(what: str) -> int:
    """Working days to put it right."""
    return DAYS.get(what, DAYS_ELSE)


def tell_new_days(findings: Iterable[VenueFinding]) -> None:
    """A corrected calendar gave these venues more time. Inside that act."""
    for row in findings:
        day = row.due.isoformat()
        _tell(row.venue, "finding_day_changed", once=f"finding-day:{row.pk}:{day}", due=day)
        journal.touch(TOPIC, row.venue.subject)


def _propose_by_rule(visit: VenueVisit, checks: Iterable[WorkerCheck], now: datetime) -> None:
    """Under an order a positive test seen here is proposed to the health department. The machine proposes; people decide."""
    order = colours.order_in_force(now, measure=bases.HEALTH_COLOURS)
    positive = {check.person_id: check for check in checks if check.person_id and "positive" in check.seen["reasons"]}
    if order is None or not positive:
        return
    held = set(colours.statuses_in_force(now).filter(person__in=positive, order=order).values_list("person", flat=True))
    named = [
        status_deciding.Named(person, f"{visit.ref}-{check.pk}")
        for key, check in positive.items()
        if key not in held and (person := Person.objects.filter(pk=key).first()) is not None
    ]
    if named:
        status_deciding.propose_by_rule(
            "positive-at-inspection",
            order,
            colour=bases.RED,
            basis="positive_test",
            reason=str(_("At an inspection the latest test was positive.")),
            until=min(order.ends_at, now + timedelta(days=bases.STATUS_BASES["positive_test"].days)),
            persons=named,
            now=now,
        )


# -- findings, afterwards


def answer_finding(
    row: VenueFinding, *, account: Account, actor: Actor, text: str, now: datetime | None = None
) -> VenueFinding:
    """The venue says what it has done. It may add to it until an inspector has looked."""
    if len(text.strip()) < REASON_AT_LEAST:
        raise Invalid(
            "answer-missing", errors={"answer": [SHORT]}, kept=_("Nothing was sent yet. What you typed is kept.")
        )
    with transaction.atomic():
        make(row, ANSWER_FOUND, answer=text.strip()[:LONGEST], answered_by=account, answered_at=now or timezone.now())
        journal.record(events.FindingAnswered(finding=row.pk), subject=f"venue:{row.venue_id}", actor=actor)
        journal.touch(TOPIC, f"venue:{row.venue_id}")
    return row


def close_finding(row: VenueFinding, *, officer: Officer, now: datetime | None = None) -> VenueFinding:
    """Seen that it is put right."""
    actor = acting(officer, INSPECTS, *SUPERVISES)
    with transaction.atomic():
        make(row, CLOSE_FOUND, closed_by=officer, closed_at=now or timezone.now())
        journal.record(events.FindingClosed(finding=row.pk), subject=f"venue:{row.venue_id}", actor=actor)
        _tell(row.venue, "finding_closed", once=f"finding-closed:{row.pk}")
        journal.touch(TOPIC, f"venue:{row.venue_id}")
    return row


def give_back_finding(row: VenueFinding, *, officer: Officer, why: str, now: datetime | None = None) -> VenueFinding:
    """The answer is not enough: the venue has its days once more."""
    now = now or timezone.now()
    actor = acting(officer, INSPECTS, *SUPERVISES)
    if len(why.strip()) < REASON_AT_LEAST:
        raise Invalid("reason-missing", errors={"why": [SHORT]}, kept=NOTHING_CHANGED)
    today = timezone.localdate(now)
    due = departments.calendar().due(today, days_of(row.what)).day or today
    with transaction.atomic():
        make(row, GIVE_BACK, given_back=why.strip()[:1000], due=due, counted_from=today)
        journal.record(events.FindingGivenBack(finding=row.pk), subject=f"venue:{row.venue_id}", actor=actor)
        _tell(row.venue, "finding_back", once=f"finding-back:{row.pk}:{now:%Y%m%d%H%M%S}", due=due.isoformat())
        journal.touch(TOPIC, f"venue:{row.venue_id}")
    return row


@journal.every("findings at venues that are overdue", timedelta(minutes=30))
def escalate_findings(now: datetime | None = None, limit: int = 200) -> int:
    """What was not answered in its days goes to the supervisor, once; the venue is told."""
    now = now or timezone.now()
    late = VenueFinding.objects.filter(state=FoundState.OPEN, due__lt=timezone.localdate(now)).select_related(
        "venue__party"
    )
    many = 0
    for row in late.order_by("due", "pk")[:limit]:
        with transaction.atomic():
            try:
                make(row, ESCALATE, escalated_at=now)
            except NotNow:
                continue  # answered at this very moment
            journal.record(events.FindingEscalated(finding=row.pk), subject=f"venue:{row.venue_id}", actor=PLATFORM)
            _tell(row.venue, "finding_overdue", once=f"finding-overdue:{row.pk}:{row.due}")
            journal.touch(TOPIC)
        many += 1
    return many


OVERDUE_PLACE = "overdue tests of staff"


@journal.every("overdue tests of staff", timedelta(minutes=30))
def tell_overdue_tests(now: datetime | None = None, limit: int = 100) -> int:
    """Once a day each venue whose rule asks for tests of the staff is told how many are due. The venues in order of their keys, some a turn."""
    now = now or timezone.now()
    today = timezone.localdate(now)
    rules = EntryRule.objects.filter(
        staff_hours__isnull=False, withdrawn_at__isnull=True, first_day__lte=today, last_day__gte=today
    ).values_list("kind", "venue")
    kinds, venues = {kind for kind, _venue in rules if kind}, {venue for _kind, venue in rules if venue}
    if not kinds and not venues:
        return 0
    rows = Venue.objects.filter(Q(kind__in=kinds) | Q(pk__in=venues), state="active")
    rows = rows.filter(pk__gt=journal.place_of(OVERDUE_PLACE)).select_related("party").order_by("pk")
    here = list(rows[:limit])
    if not here:
        journal.keep_place(OVERDUE_PLACE, 0)
        return 0
    told = 0
    for venue in here:
        due = queries_venues.overdue(visit_queries.workers_of(venue), queries_venues.staff_hours(venue, now), now)
        with transaction.atomic():
            if due:
                _tell(venue, "tests_overdue", once=f"tests-overdue:{venue.pk}:{today}", count=len(due), page="staff/")
                told += 1
            journal.keep_place(OVERDUE_PLACE, venue.pk)
    return told


# --


def _own(visit: VenueVisit, officer: Officer, *, done_too: bool = False) -> Actor:
    """Only whoever drew it writes it, while it is not done."""
    actor = acting(officer, INSPECTS)
    if visit.inspector_id != officer.pk:
        raise NotAllowed("not-your-visit", _("Another inspector drew this venue."), kept=NOTHING_CHANGED, status=403)
    if visit.state != VisitState.DRAWN and not (done_too and visit.state == VisitState.DONE):
        raise NotAllowed("visit-over", _("This inspection is over."), kept=NOTHING_CHANGED)
    return actor


def _held(visit: VenueVisit) -> VenueVisit:
    row = (
        VenueVisit.objects.select_for_update(of=("self",)).select_related("venue__party", "inspector").get(pk=visit.pk)
    )
    if row.state != VisitState.DRAWN:
        raise NotAllowed("visit-over", _("This inspection is over."), kept=NOTHING_CHANGED)
    return row


def _tell(venue: Venue, kind: str, *, once: str, page: str = "inspections/", **params: Any) -> None:
    notices.tell(
        venue.party,
        kind,
        about=venue.subject,
        link=f"/my/venues/{venue.pk}/{page}",
        params={"place": venue.name, **params},
        once=once,
        needs_answer=kind in {"visit_done", "finding_back", "finding_overdue", "finding_day_changed"},
    )
