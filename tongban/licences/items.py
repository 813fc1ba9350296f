"""What the permits of an industry licence are at this moment: read where they live, not from what was printed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import BigIntegerField, Q

from tongban.lib.bilingual import Bilingual
from tongban.lib.composed import composed, composed_of_several
from tongban.licences.models import Licence, LicenceItem
from tongban.licences.states import NOT_VALID_NOW, OVER, SUSPENDED, VALID, LicenceState, Part

INDUSTRY = "industry-licence"
NOT_YET = "not_yet_valid"


@dataclass(frozen=True)
class Present:
    """One merged permit as it is now. `status`: valid, suspended or not_valid; `reason` says why it is not valid.

    `item` is the line of the newest edition that lists it; `licence` its newest e-licence, None where its result is none.
    """

    item: LicenceItem
    licence: Licence | None
    key: str
    name: Bilingual
    number: str
    regulator: Bilingual
    regulator_code: str
    mandatory: bool
    issued_on: date
    valid_to: date | None
    status: str
    reason: str
    since: datetime

    @property
    def part(self) -> Part:
        return Part(self.status, self.mandatory, self.valid_to)

    @property
    def over(self) -> bool:
        """It has ended; one that only begins later has not."""
        return self.status == NOT_VALID_NOW and self.reason != NOT_YET

    @property
    def printed(self) -> tuple[str, str, date | None]:
        """What a sheet of paper says of it: when this changes, the paper has to be made again."""
        return self.key, self.number, self.valid_to


def judge(state: str, valid_from: date, valid_to: date | None, today: date) -> tuple[str, str]:
    """(status, reason) by state and calendar: what ended last night is not valid this morning, whether or not the duty ran."""
    if state in OVER:
        return NOT_VALID_NOW, str(state)
    if valid_to is not None and valid_to < today:
        return NOT_VALID_NOW, str(LicenceState.EXPIRED)
    if state == LicenceState.SUSPENDED:
        return SUSPENDED, ""
    if valid_from > today:
        return NOT_VALID_NOW, NOT_YET
    return VALID, ""


def is_industry(licence: Licence) -> bool:
    return licence.type.slug == INDUSTRY


def printed_on(whole: Licence) -> list[LicenceItem]:
    """The lines of this edition, in their order."""
    return _lines_of(whole=whole.pk)


@composed(whole=BigIntegerField())
def _lines_of(whole):
    return LicenceItem.objects.select_related("regulator", "licence").filter(whole_id=whole).order_by("order")


def present(whole: Licence, today: date) -> list[Present]:
    """The permits this edition lists, each as it stands now. Three queries, however many there are."""
    lines = printed_on(whole)
    newest = newest_of([line.licence for line in lines if line.licence is not None])
    loose = _newest_lines(whole, [line.key for line in lines if line.licence_id is None])
    return [_present(line, newest, loose, today) for line in lines]


def newest_of(licences: Iterable[Licence]) -> dict[tuple[int, str], Licence]:
    """{(type, serial): its newest edition} of these licences."""
    series = {(one.type_id, one.serial) for one in licences}
    if not series:
        return {}
    wanted = Q()
    for kind, serial in series:
        wanted |= Q(type_id=kind, serial=serial)
    newest: dict[tuple[int, str], int] = {}  # of a permit that was renewed for years only the last is read
    for kind, serial, pk in Licence.objects.filter(wanted).order_by("edition").values_list("type_id", "serial", "pk"):
        newest[kind, serial] = pk
    return {(row.type_id, row.serial): row for row in _licences(newest.values())}


@composed_of_several(BigIntegerField())
def _licences(keys):
    return Licence.objects.select_related("type", "issuer").filter(pk__in=keys)


def editions(whole: Licence):
    """All editions of one industry licence, the newest first."""
    return Licence.objects.filter(type_id=whole.type_id, serial=whole.serial).order_by("-edition")


def _newest_lines(whole: Licence, keys: list[str]) -> dict[str, LicenceItem]:
    if not keys:
        return {}
    rows = LicenceItem.objects.select_related("regulator").filter(
        whole__type_id=whole.type_id, whole__serial=whole.serial, key__in=keys
    )
    return {row.key: row for row in rows.order_by("whole__edition")}


def _present(
    line: LicenceItem, newest: dict[tuple[int, str], Licence], loose: dict[str, LicenceItem], today: date
) -> Present:
    now = newest[line.licence.type_id, line.licence.serial] if line.licence is not None else None
    last = loose.get(line.key, line)
    if now is not None:
        status, reason = judge(now.state, now.valid_from, now.valid_to, today)
        number, issued_on, valid_to, since = now.identifier, now.issued_on, now.valid_to, now.state_since
    else:
        status, reason = judge(last.state, last.issued_on, last.valid_to, today)
        number, issued_on, valid_to, since = last.number, last.issued_on, last.valid_to, last.state_since
    return Present(
        item=last,
        licence=now,
        key=line.key,
        name=line.name,
        number=number,
        regulator=line.regulator.name,
        regulator_code=line.regulator.code,
        mandatory=line.mandatory,
        issued_on=issued_on,
        valid_to=valid_to,
        status=status,
        reason=reason,
        since=since,
    )
