"""Makers of things: everything a test needs and does not care about. What a test is about, it passes in."""

import datetime
import itertools
import uuid

from django.utils import timezone

from tongban.cases import services
from tongban.cases.models import Case
from tongban.departments.models import CalendarYear, Certification, Department, Officer
from tongban.journal.actors import PLATFORM
from tongban.lib import money
from tongban.lib.encryption import blind_index
from tongban.licences.models import LicenceType
from tongban.materials.models import Document, Page
from tongban.matters.models import MaterialType, Matter, MatterVersion
from tongban.parties.models import Account, Company, Membership, Party, Person
from tongban.payments import queries as payments
from tongban.payments import services as till
from tongban.payments.services.billing import Line

_numbers = itertools.count(1)

SMALL_FORM = [
    {"id": "name", "zh": "姓名", "en": "Name", "type": "text", "required": True, "prefill": "user.name", "readonly": True},
    {"id": "reason", "zh": "事由", "en": "Reason", "type": "text", "required": True},
    {"id": "delivery", "zh": "取件方式", "en": "How to get the result", "type": "choice", "required": True,
     "options": ["e_licence", "pickup"]},
    {"id": "truth", "zh": "真实性承诺", "en": "I state that this is true", "type": "consent", "required": True},
]  # fmt: skip
SMALL_ANSWERS = {"reason": "work", "delivery": "e_licence", "truth": True}


def calendar(*years: int) -> None:
    """Plain official years without holidays."""
    for year in years or range(2024, 2028):
        CalendarYear.objects.get_or_create(year=year, defaults={"official": True})


def person(name="张示范", **given) -> Person:
    number = next(_numbers)
    id_no = given.pop("id_no", f"99000019900101{number:04d}")
    fields = {
        "name": name, "id_kind": "id_card", "id_no": id_no, "id_index": blind_index(f"id_card:{id_no}", "parties.id"),
        "birth_date": datetime.date(1990, 1, 1), "sex": "F", "nationality": "CN", "mobile": "13800000000",
        "address": "示范路1号",
    }  # fmt: skip
    return Person.objects.create(**(fields | given))


def account(who: Person | None = None, login: str | None = None, **given) -> Account:
    who = who or person()
    login = login or f"user{next(_numbers)}@example.org"
    return Account.objects.create_user(login, "a good pass phrase", person=who, level=2, email=login, **given)


def company(name="示范餐饮有限公司", *, of: Person | None = None, role="legal_representative", **given) -> Company:
    number = next(_numbers)
    row = Company.objects.create(
        **(
            {"name": name, "uscc": f"9199000099{number:08d}", "company_kind": "company", "legal_representative": of}
            | given
        )
    )
    if of is not None:
        Membership.objects.create(person=of, company=row, role=role, since=datetime.date(2020, 1, 1))
    return row


def department(code="PSB", **given) -> Department:
    defaults = {
        "name": {"zh": f"{code}局", "en": f"{code} Bureau"},
        "uscc": f"9999{abs(hash(code)) % 10**13:013d}0"[:18],
    }
    return Department.objects.get_or_create(code=code, defaults=defaults | given)[0]


def officer(*roles: str, of: Department | None = None, certified=("*",), person: Person | None = None) -> Officer:
    number = next(_numbers)
    row = Officer.objects.create(
        account=Account.objects.create_user(
            f"staff{number}", "a good pass phrase", person=person, level=2 if person else 1
        ),
        department=of or department(),
        staff_no=f"S{number:05d}",
        name={"zh": f"工作人员{number}", "en": f"Officer {number}"},
        roles=list(roles),
    )
    for slug in certified:
        Certification.objects.create(officer=row, matter=slug, since=datetime.date(2020, 1, 1))
    return row


def licence_type(slug="residence-permit", *, issuer: Department | None = None, **given) -> LicenceType:
    fields = {
        "name": {"zh": "示范证", "en": "Demo licence"}, "holder_kind": "person", "issuer": issuer or department(),
        "type_code": f"9999{abs(hash(slug)) % 10**8:08d}", "face_fields": ["name", "valid_to"], "validity": {"years": [1]},
    }  # fmt: skip
    return LicenceType.objects.get_or_create(slug=slug, defaults=fields | given)[0]


def material_type(slug="lease", **given) -> MaterialType:
    fields = {"name": {"zh": "租赁合同", "en": "Lease"}, "kind": "proof", "issued_by": "applicant"}
    return MaterialType.objects.get_or_create(slug=slug, defaults=fields | given)[0]


def matter(slug: str | None = None, *, department: Department | None = None, **elements) -> Matter:
    """A published matter of a person, decided by people, without materials or result unless told otherwise."""
    calendar()
    row = Matter.objects.create(slug=slug or f"matter-{next(_numbers)}", department=department or _default_department())
    fields = {
        "name": {"zh": "示范事项", "en": "Demo matter"}, "type": "permit", "type_code": "01", "objects_served": ["person"],
        "statutory_days": 20, "promised_days": 5, "visits": 0, "online_depth": 7, "channels": ["online_pc", "window"],
        "form": SMALL_FORM, "effective_from": datetime.date(2020, 1, 1), "pre_review": True,
    }  # fmt: skip
    MatterVersion.objects.create(matter=row, number=1, state=MatterVersion.State.PUBLISHED, **(fields | elements))
    return row


def _default_department() -> Department:
    return department()


def draft(
    of_matter: Matter | None = None, *, account_: Account | None = None, party: Party | None = None, answers=None
) -> Case:
    """A draft filled in completely, unless `answers` says otherwise."""
    account_ = account_ or account()
    case = services.begin(of_matter or matter(), party=party or account_.person, account=account_)
    given = SMALL_ANSWERS if answers is None else answers
    return services.save(case, given, revision=case.revision, account=account_) if given else case


def submitted(of_matter: Matter | None = None, *, account_: Account | None = None, now=None, **given) -> Case:
    case = draft(of_matter, account_=account_, **given)
    return services.submit(case, account=case.account, level=3, key=uuid.uuid4().hex, now=now or timezone.now())


def case(state: str, of_matter: Matter | None = None, *, now=None, **given) -> Case:
    """A case brought to a state by the acts that lead there."""
    row = submitted(of_matter, now=now, **given)
    if state == "submitted":
        return row
    row = services.start_pre_review(row, now=now)
    if state == "pre_review":
        return row
    row = services.pass_pre_review(row, now=now)
    if state == "received":
        return row
    window = officer("window_officer", of=department("DSO"))
    if state == "correction_requested":
        return services.request_correction(row, [{"field": "reason", "text": "too short"}], officer=window, now=now)
    row = services.accept(row, officer=window, now=now)
    if state == "accepted":
        return row
    reviewer = officer("dept_reviewer", of=row.department)
    row = services.start_review(row, officer=reviewer, now=now)
    if state == "under_review":
        return row
    row = services.conclude(row, officer=reviewer, proposal="approve", opinion="in order", now=now)
    if state == "reviewed":
        return row
    row = services.approve(row, officer=officer("dept_approver", of=row.department), now=now)
    assert state == "approved", f"no maker for {state}"
    return row


def document(owner: Party, *, by: Account | None = None, pages: int = 1) -> Document:
    row = Document.objects.create(owner=owner, by=by, name="lease")
    for number in range(pages):
        Page.objects.create(document=row, order=number + 1, mime="image/png", file="-", sha256="0" * 64, size=1)
    return row


def bill(payer: Party, yuan=40, *, about: str = "", title="示范费", of: Department | None = None, **given):
    """An open bill of one position."""
    number = next(_numbers)
    return till.make_bill(
        about=about or f"thing:{number}", payer=payer, department=of or department(),
        title={"zh": title, "en": f"Demo fee {number}"},
        lines=[Line("demo", {"zh": "办理费", "en": "Fee of the service"}, money.of_yuan(yuan))], actor=PLATFORM, **given,
    )  # fmt: skip


def paid(case: Case) -> Case:
    """The fee of this case was set, if it was open how much, and taken in cash at a window."""
    row = payments.bill_for(case.subject) or services.set_fee(
        case, officer=officer("issuing_officer", of=department("DSO")), amount="10", ground="list of fees"
    )
    till.take_at_window([row], officer=officer("window_officer", of=department("DSO")), method="cash")
    return case
