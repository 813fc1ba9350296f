"""What is asked at entrances: published with its days and basis, withdrawn. And what people report about posters."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.codes import events, queries_venues
from tongban.codes.models import Entrance, EntryLevel, EntryRule, Venue, VenueKind, VenueReport
from tongban.codes.services.keeping_venues import NOTHING_CHANGED, acting
from tongban.codes.venue_states import CLOSE_REPORT
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.parties.models import Party

EDITORS = ("content_editor", "catalogue_manager", "coordinator")
LONGEST_RULE = 366


def publish(
    *, officer: Officer, said: Mapping[str, str], venue: Venue | None = None, now: datetime | None = None
) -> EntryRule:
    """A rule for one kind of venue or for one place, from its first day to its last. It says on what it rests."""
    now = now or timezone.now()
    actor = acting(officer, *EDITORS)
    errors: dict[str, list] = {}
    kind, level = said.get("kind", ""), said.get("level", "")
    if venue is None and kind not in VenueKind.values:
        errors["kind"] = [_("Please choose a kind of venue.")]
    if level not in EntryLevel.values:
        errors["level"] = [_("Please choose what is asked.")]
    elif not queries_venues.order_allows(level, now):
        errors["level"] = [_("Colours and tests may be asked only while an emergency order is in force.")]
    basis = said.get("basis", "").strip()[:200]
    if not basis:
        errors["basis"] = [_("Please name the law or order it rests on.")]
    words = {"zh": said.get("words_zh", "").strip()[:1000], "en": said.get("words_en", "").strip()[:1000]}
    if not all(words.values()):
        errors["words_zh" if not words["zh"] else "words_en"] = [
            _("Please say in both languages what people have to do.")
        ]
    first, last = _day(said.get("first_day", "")), _day(said.get("last_day", ""))
    if first is None:
        errors["first_day"] = [_("Please give the first day.")]
    if last is None or (first and last < first):
        errors["last_day"] = [_("Please give a last day that is not before the first: every rule ends.")]
    elif first and (last - first).days > LONGEST_RULE:
        errors["last_day"] = [_("A rule holds a year at most; then it is looked at again.")]
    elif last and last < timezone.localdate(now):
        errors["last_day"] = [_("This day is over.")]
    hours = said.get("staff_hours", "").strip()
    if hours and not (hours.isascii() and hours.isdigit() and 12 <= int(hours) <= 720):
        errors["staff_hours"] = [_("Please give hours from 12 to 720, or leave it empty.")]
    if errors or first is None or last is None:
        raise Invalid("entry-rule", errors=errors, kept=NOTHING_CHANGED)
    with transaction.atomic():
        rule = EntryRule.objects.create(
            kind="" if venue else kind,
            venue=venue,
            level=level,
            words=words,
            basis=basis,
            staff_hours=int(hours) if hours else None,
            first_day=first,
            last_day=last,
            published_by=officer,
            published_at=now,
        )
        journal.record(events.EntryRulePublished(rule=rule.pk), subject=f"entry-rule:{rule.pk}", actor=actor)
        if venue is not None:
            journal.touch(venue.subject)
    return rule


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def withdraw(rule: EntryRule, *, officer: Officer, now: datetime | None = None) -> EntryRule:
    actor = acting(officer, *EDITORS)
    with transaction.atomic():
        done = EntryRule.objects.filter(pk=rule.pk, withdrawn_at__isnull=True).update(
            withdrawn_at=now or timezone.now(), withdrawn_by=officer
        )
        if not done:
            raise NotAllowed("rule-withdrawn", _("This rule was withdrawn before."), kept=NOTHING_CHANGED)
        journal.record(events.EntryRuleWithdrawn(rule=rule.pk), subject=f"entry-rule:{rule.pk}", actor=actor)
    rule.refresh_from_db()
    return rule


def report(
    *,
    what: str,
    place: str,
    text: str,
    contact: str = "",
    entrance: Entrance | None = None,
    party: Party | None = None,
    actor: Actor,
    now: datetime | None = None,
) -> VenueReport:
    """Somebody says that a poster is not what it should be. `party` only where the person wished to be named."""
    if what not in VenueReport.What.values:
        what = VenueReport.What.OTHER
    if entrance is None and not place.strip():
        raise Invalid(
            "where", errors={"place": [_("Please say where it hangs, so that somebody can go and look.")]},
            kept=_("Your report was not sent yet."),
        )  # fmt: skip
    with transaction.atomic():
        row = VenueReport.objects.create(
            venue=entrance.venue if entrance else None,
            entrance=entrance,
            what=what,
            place=place.strip()[:200],
            text=text.strip()[:1000],
            contact=contact.strip()[:100],
            party=party,
            at=now or timezone.now(),
        )
        named = actor if party is not None else Actor("applicant", "applicant")
        journal.record(events.PosterReported(report=row.pk), subject=f"venue-report:{row.pk}", actor=named)
        journal.touch("venue-reports")
    return row


def close_report(row: VenueReport, *, officer: Officer, found: str, now: datetime | None = None) -> VenueReport:
    actor = acting(officer)
    if not found.strip():
        raise Invalid("found", errors={"found": [_("Please write what was found.")]}, kept=NOTHING_CHANGED)
    with transaction.atomic():
        make(row, CLOSE_REPORT, found=found.strip()[:1000], closed_by=officer, closed_at=now or timezone.now())
        journal.record(events.VenueReportClosed(report=row.pk), subject=f"venue-report:{row.pk}", actor=actor)
        journal.touch("venue-reports")
    return row
