"""Whether one may apply once more: what stands against it where a matter takes only one application (`matters.repeating`).

Asked before a draft is begun, shown beside it, and asked once more inside the act that sends it: there `count` makes everybody who
counts by the same applicant or answer wait for each other, so that of two sent at once the second sees the first.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, planning
from tongban.cases.models import Case, Mark, OneMore, Turn
from tongban.cases.states import GRANTED, WITH_APPLICANT, WITH_OFFICE
from tongban.lib.bilingual import say
from tongban.lib.encryption import blind_index
from tongban.lib.problems import NotAllowed, worded
from tongban.lib.written import insert_all
from tongban.licences import queries as licences
from tongban.licences.models import Licence
from tongban.licences.states import LicenceState
from tongban.matters import repeating
from tongban.matters.models import Matter, MatterVersion
from tongban.matters.repeating import OnlyOne
from tongban.parties import queries as parties
from tongban.parties.models import Party

RUNNING = WITH_OFFICE | WITH_APPLICANT
IN_FORCE = {LicenceState.VALID, LicenceState.SUSPENDED}


@dataclass(frozen=True)
class Against:
    """One thing that stands against another application: one that runs or was granted, or a licence that is held.

    `own`: the applicant's own, which may be opened. What belongs to somebody else is not described.
    """

    version: MatterVersion
    rule: OnlyOne
    own: bool
    case: Case | None = None
    licence: Licence | None = None
    again_from: date | None = None

    @property
    def running(self) -> bool:
        return self.case is not None and self.case.state in RUNNING

    @property
    def where(self) -> str:
        """The page of what stands against it, for its own applicant."""
        if not self.own:
            return ""
        if self.case is not None:
            return f"/my/cases/{(self.case.parent or self.case).ref}/"
        return f"/my/licences/{self.licence.pk}/" if self.licence is not None else ""

    @property
    def sentence(self):
        """What happened, in one sentence that is as true for an officer as for the applicant."""
        name = _Said(self.version.name)
        if self.rule.field and not self.own:
            return worded(
                _("For this answer to “%(field)s” there is an application or a licence already: “%(matter)s” takes one."),
                field=_Label(self.version, self.rule.field), matter=name,
            )  # fmt: skip
        if self.licence is not None:
            until = self.licence.valid_to
            if until is None:
                return worded(_("“%(licence)s” is held already and valid."), licence=_Said(self.licence.type.name))
            return worded(
                _("“%(licence)s” is held already and valid until %(day)s."),
                licence=_Said(self.licence.type.name), day=_Written(until),
            )  # fmt: skip
        sent = _day(self.case)
        given: dict[str, Any] = {
            "matter": name,
            "number": self.case.number if self.case else "",
            "day": _Written(sent),
        }
        if self.running:
            return worded(
                _("An application for “%(matter)s” is being handled already: %(number)s, sent on %(day)s."), **given
            )
        if self.again_from is not None:
            return worded(
                _("“%(matter)s” was granted already: %(number)s, sent on %(day)s. The next one is possible from %(from)s."),
                **given, **{"from": _Written(self.again_from)},
            )  # fmt: skip
        return worded(_("“%(matter)s” was granted already: %(number)s, sent on %(day)s. It is still valid."), **given)


class TakesOnlyOne(NotAllowed):
    """`against` says what stands against it, so that a page can lead there."""

    def __init__(self, against: Against, *, kept: Any = ""):
        super().__init__(
            "only-one",
            against.sentence,
            kept=kept,
            next_step=_(
                "Go on with that one. If another one is needed all the same, explain why: the department answers."
            ),
        )
        self.against = against


class _Said:
    def __init__(self, name):
        self.name = name

    def __str__(self) -> str:
        return say(self.name)


class _Written:
    """A day as the reader's language writes it."""

    def __init__(self, day: date):
        self.day = day

    def __str__(self) -> str:
        return date_format(self.day, "DATE_FORMAT")


class _Label:
    def __init__(self, version: MatterVersion, field: str):
        self.version, self.field = version, field

    def __str__(self) -> str:
        return repeating.label_of(self.version, self.field)


def _day(case: Case | None) -> date:
    return clocks.local_day(case.submitted_at) if case is not None and case.submitted_at else timezone.localdate()


# -- what an application is about

NUMBERS = re.compile(r"(_no|_number|plate|vin)$")
OWN = ("user.", "company.")


def marked_fields(version: MatterVersion) -> list[dict[str, Any]]:
    """The answers that say what an application is about: addresses and numbers, but not the applicant's own; and what is counted by."""
    rule = repeating.rule_of(version)
    found = []
    for field in version.form:
        name, kind = str(field.get("id")), field.get("type", "text")
        own = str(field.get("prefill") or "").startswith(OWN)
        subject = kind in ("address", "uscc", "reference") or (kind in ("text", "id_number") and NUMBERS.search(name))
        if (rule is not None and rule.field == name) or (subject and not own and not name.startswith("post_")):
            found.append(field)
    return found


def index_of(kind: str, value: Any) -> str:
    """The same address or number written with other spaces, marks or widths is the same."""
    if isinstance(value, Mapping):
        value = "".join(str(part) for _name, part in sorted(value.items()))
    plain = "".join(letter for letter in unicodedata.normalize("NFKC", str(value or "")).casefold() if letter.isalnum())
    return blind_index(f"{kind}:{plain}", "cases.mark") if len(plain) > 1 else ""


def marks_of(case: Case, version: MatterVersion) -> dict[str, str]:
    """{field: blind index} of what the answers of this case say it is about."""
    found = {
        str(field["id"]): index_of("address" if field.get("type") == "address" else str(field["id"]), case.value(str(field["id"])))
        for field in marked_fields(version)
    }  # fmt: skip
    return {field: index for field, index in found.items() if index}


def mark(cases: Iterable[Case]) -> None:
    """Write down what these applications are about, as they are now."""
    cases = list(cases)
    Mark.objects.filter(case__in=[case.pk for case in cases]).delete()
    insert_all(
        Mark(case=case, matter_id=case.matter_id, field=field, index=index)
        for case in cases
        for field, index in marks_of(case, case.version).items()
    )


# -- counting


def stands_against(
    version: MatterVersion, party: Party, *, today: date, index: str = "", but: Case | None = None
) -> Against | None:
    """What stands against one more application of this party. `index`: of the answer it is counted by; `but`: the one asked about."""
    rule = repeating.rule_of(version)
    if rule is None or (rule.field and not index):
        return None
    rows, identities = Case.objects.filter(matter=version.matter_id), parties.identities(party)
    if rule.field:
        rows = rows.filter(pk__in=Mark.objects.filter(matter=version.matter_id, index=index).values("case"))
    else:
        rows = rows.filter(applicant__in=identities)
    if but is not None and but.pk is not None:
        rows = rows.exclude(pk=but.pk).exclude(parent__isnull=False, parent=but.pk)
    found = _counted(rows, rule, today).order_by("-id").first()
    if found is not None:
        again = rule.again_from(_day(found)) if found.state in GRANTED else None
        return Against(version, rule, found.applicant_id in identities, case=found, again_from=again)
    if rule.rule == repeating.HELD and not rule.field:
        kind = (version.result or {}).get("ref") or ""
        held = next(filter(None, (licences.in_force(Party(pk=key), kind, today) for key in identities)), None)
        return Against(version, rule, True, licence=held) if held is not None else None
    return None


def _counted(rows: QuerySet[Case], rule: OnlyOne, today: date) -> QuerySet[Case]:
    counts = Q(state__in=RUNNING)
    if rule.rule == repeating.HELD:
        valid = Q(licence__isnull=True) | (
            Q(licence__state__in=IN_FORCE) & (Q(licence__valid_to__isnull=True) | Q(licence__valid_to__gte=today))
        )
        counts |= Q(state__in=GRANTED) & valid
    since = rule.since(today)
    if since is not None:
        begins = timezone.make_aware(datetime.combine(since, datetime.min.time()))
        counts |= Q(state__in=GRANTED, submitted_at__gte=begins)
    return rows.filter(counts).select_related("parent").only(
        "ref", "number", "state", "submitted_at", "applicant", "matter", "parent__ref"
    )  # fmt: skip


def before_beginning(version: MatterVersion, party: Party, today: date) -> Against | None:
    """What stands against a new draft. What is counted by an answer is seen when it is sent."""
    found = stands_against(version, party, today=today)
    return found if found is not None and not _excepted(version.matter, party) else None


def refuse_to_begin(version: MatterVersion, party: Party, today: date) -> None:
    against = before_beginning(version, party, today)
    if against is not None:
        raise TakesOnlyOne(against)


def before_sending(case: Case, today: date) -> Against | None:
    """The same for a draft as it is filled in; of a bundle for each member that is applied for.

    What belongs to somebody else is said when it is sent, signed: whoever fills in address after address would learn who applied.
    Who asked for an exception was told then, and keeps seeing it.
    """
    for version, index in _asked(case):
        found = stands_against(version, case.applicant, today=today, index=index, but=case)
        if found is None or _excepted(version.matter, case.applicant, case):
            continue
        if found.own or wish_of(case.applicant, version.matter) is not None:
            return found
    return None


def count(case: Case, now: datetime) -> None:
    """Inside the act that sends it, the case held: it is the only one, or it is not sent. An exception is used up by it."""
    mark([case])
    asked = [(version, index) for version, index in _asked(case) if repeating.rule_of(version) is not None]
    _take_turns(case, asked)
    for version, index in asked:
        against = stands_against(version, case.applicant, today=clocks.local_day(now), index=index, but=case)
        if against is not None and not _use_exception(version.matter, case):
            raise TakesOnlyOne(against, kept=_("Your draft is kept."))


def _asked(case: Case) -> list[tuple[MatterVersion, str]]:
    """Every guide this application is for, with the index of the answer it is counted by."""
    versions = [case.version]
    if planning.is_bundle(case):
        versions += [one.version for one in planning.plan_of(case).members]
    found = []
    for version in versions:
        rule = repeating.rule_of(version)
        field = rule.field if rule is not None else ""
        found.append((version, marks_of(case, version).get(field, "") if field else ""))
    return found


def _take_turns(case: Case, asked: Iterable[tuple[MatterVersion, str]]) -> None:
    """Whoever counts by the same applicant or answer waits here until the other has committed, in one order for all."""
    one_of_all = min(parties.identities(case.applicant))
    keys = sorted(blind_index(f"{version.matter_id}:{index or one_of_all}", "cases.turn") for version, index in asked)
    if keys:
        Turn.objects.bulk_create([Turn(key=key) for key in keys], ignore_conflicts=True)
        list(Turn.objects.select_for_update().filter(key__in=keys).order_by("key").values_list("pk"))


# -- exceptions


def wish_of(party: Party, matter: Matter) -> OneMore | None:
    """The last exception this party asked for or was given, if it is not used up."""
    return OneMore.objects.filter(party=party, matter=matter, case__isnull=True).order_by("-id").first()


def _excepted(matter: Matter, party: Party, case: Case | None = None) -> bool:
    rows = OneMore.objects.filter(party=party, matter=matter, allowed=True)
    free = Q(case__isnull=True) if case is None or case.pk is None else Q(case__isnull=True) | Q(case=case.pk)
    return rows.filter(free).exists()


def _use_exception(matter: Matter, case: Case) -> bool:
    if OneMore.objects.filter(case=case.pk, matter=matter, allowed=True).exists():
        return True
    free = OneMore.objects.filter(party=case.applicant_id, matter=matter, allowed=True, case__isnull=True)
    found = free.order_by("id").values_list("pk", flat=True).first()
    return found is not None and bool(free.filter(pk=found).update(case=case.pk))
