"""Everybody before every address: every role of the house and everybody a thing may concern, with a real thing behind the address.

`access_matrix.yaml` has one row for each address: its door, and `of`, the thing it names. What each of the people below should get is
computed from door, roles and relation (`expected`), and then everybody knocks: by GET, and by POST where the view wants it or where
they should find nothing. An address with a `ref` whose row names no thing is knocked at with the case and the draft all the same by
all whom neither concerns. Pages are asked for and not drawn: what they hold is for other tests.
"""

import datetime
import logging

import pytest
from django.core.cache import cache
from django.db import transaction
from django.template.backends.django import Template
from django.test import Client
from django.urls import NoReverseMatch, URLResolver, get_resolver, reverse
from django.utils import timezone
from django.utils.safestring import mark_safe

from tests import doors, make
from tests.halls import queue_world
from tests.house.test_access import Address, addresses, matrix, outcome, row_of
from tests.office.desks import standing
from tongban.cases import services
from tongban.cases.models import Case, CaseDocument, Collection, Delivery, MachineFinding, PublicNotice
from tongban.cases.services import carrying
from tongban.codes.models import HealthStatus, KeptPass, StatusAppeal, TrustList, Venue, VenueVisit
from tongban.codes.services import keeping_venues, ordering, status_deciding
from tongban.departments.models import Role
from tongban.halls.models import Appointment, Category, RoundTable, SimulationRun
from tongban.journal.actors import Actor
from tongban.licences.models import (
    FaceReport,
    KeyWithdrawal,
    Licence,
    LicenceAuthority,
    LicencePresentation,
    Proceeding,
)
from tongban.materials.models import Document, Page
from tongban.notices.models import Message
from tongban.parties.models import Account, Membership
from tongban.payments import services as till
from tongban.places.models import Division
from tongban.registers.models import Dispute, Resource

pytestmark = [pytest.mark.django_db, pytest.mark.ignore_template_errors]

ROLES = tuple(str(role) for role in Role)
DEPARTMENTS = {"dept_reviewer": "PSB", "dept_approver": "PSB", "inspector": "PSB"}  # every other role works at the hall
CITIZENS = ("newcomer", "stranger", "former", "hand", "clerk", "owner")
OFFICERS = (*ROLES, "elsewhere", "off_duty", "without_factor")
PEOPLE = ("anonymous", *CITIZENS, *OFFICERS)

# who is concerned with what; whoever is not finds nothing there. `clerk` is a member of the owner's company, `former` was one,
# `hand` helps with the draft by a code, `elsewhere` reviews and approves in another department
CONCERNED = {
    "draft": {"owner", "clerk"},
    "deleted": {"owner", "clerk"},
    "case": {"owner", "clerk"},
    "hand": {"owner", "clerk"},
    "carried": {"owner", "clerk"},
    "carried_by": {"owner"},
    "helping": {"hand"},
    "message": {"owner"},
    "member": {"owner"},
    "licence": {"owner", "clerk"},
    "paper": {"owner", "clerk"},
    "dispute": {"owner"},
    "bill": {"owner", "clerk"},
    "receipt": {"owner", "clerk"},
    "accounts": {"window_officer", "issuing_officer", "coordinator", "supervisor", "auditor", "dept_approver"},
    "company": {"owner", "clerk"},
    "venue": {"owner", "clerk"},
    "venue_at_work": {"coordinator", "supervisor", "auditor"},
    "invited": {"owner", "clerk", "former", "hand", "stranger"},  # whoever has the code may look what it asks
    "counter": set(),  # a draft at the counter: only for the window officer before whom its person stands (tests/office/test_window)
    "issued": {
        "dept_reviewer",
        "dept_approver",
        "coordinator",
        "auditor",
    },  # a licence, seen from the office of its issuer
    "withdrawn_key": {"dept_approver", "coordinator", "auditor"},  # seen from the department whose key it is
    "let_in": {"dept_reviewer", "dept_approver", "inspector"},  # the department that the holder let in
    "reported": {"dept_reviewer", "dept_approver"},  # what is wrong on a licence, at its issuer
    "officers_help": set(),  # a draft an officer has no code for
    "work": {"window_officer", "dept_reviewer", "dept_approver", "inspector"},
    "visit": {"dept_reviewer", "inspector"},
    "receipt_at_work": {"window_officer", "issuing_officer", "coordinator", "supervisor", "auditor", "dept_approver"},
    "objected": {"dept_reviewer"},
    "package": {"issuing_officer", "supervisor"},
    "collected": {"issuing_officer", "supervisor"},
    "venue_visit": {"inspector", "supervisor", "coordinator"},
    "found_at_work": {"inspector", "supervisor", "coordinator"},
    "venue_found": {"owner", "clerk"},
    "status": {"stranger"},  # a status of a person, under an emergency order
    "status_at_work": {"health_officer", "health_approver"},
    "status_appeal": {"emergency_authority", "health_approver"},
    "pass": {"stranger"},  # a health pass the person keeps
    "trust_list": {"health_officer", "health_approver", "emergency_authority", "coordinator", "auditor"},
    "appointment": {"owner", "clerk"},
    "simulated": {"supervisor", "coordinator", "auditor"},  # of any hall
    "round_table": {"owner", "clerk"},
    "round_table_at_hall": {"window_officer", "helper", "supervisor", "coordinator", "elsewhere"},  # asked to it
    "round_table_to_plan": {"window_officer", "helper", "supervisor", "coordinator"},
    "appointment_at_hall": {"window_officer", "issuing_officer", "helper", "supervisor", "coordinator"},
    "asked": {"elsewhere"},  # an opinion was asked of another department: only that one sees what was named with it
}
LETTER = {
    "title": {"zh": "示", "en": "x"}, "matter": {"zh": "示", "en": "x"}, "department": {"zh": "示", "en": "x"}, "applicant": {"zh": "示"},
    "paragraphs": [], "rows": [], "made_at": "2026-01-01T00:00:00+08:00",
}  # fmt: skip
NOT_WITHOUT_REASON = {
    "pre_reviewer",
    "issuing_officer",
    "supervisor",
    "coordinator",
    "auditor",
}  # may see it, says why first
AWAY = ("/office/", "/my/", "/office/window/", "/office/help/", "/my/helping/", "/go-on/?over=1")
DENIED = {"none", "sign_in", "prove", "presence", "factor", "forbidden"}
KIN = {
    "clerk": "citizen",
    "owner": "citizen",
    "former": "stranger",
    "hand": "stranger",
}  # a row may say what one kind gets


def soon(hours: int) -> datetime.datetime:
    return timezone.now() + datetime.timedelta(hours=hours)


class World:
    """A company's case under review, its draft, and one of each thing an address can name; nobody but `clerk` is not present."""

    def __init__(self):
        make.calendar()
        self.owner = make.account(make.person("李示例"), login="owner")
        self.company = make.company(of=self.owner.person)
        self.newcomer = Account.objects.create_user("newcomer", "a good pass phrase")
        for who in ("stranger", "former", "hand", "clerk"):
            setattr(self, who, make.account(login=who))
        for who, until in ((self.clerk, None), (self.former, datetime.date(2024, 1, 1))):
            Membership.objects.create(
                person=who.person, company=self.company, role="clerk", since=datetime.date(2020, 1, 1), until=until
            )
        for role in ROLES:
            setattr(self, role, make.officer(role, of=make.department(DEPARTMENTS.get(role, "DSO"))).account)
        self.elsewhere = make.officer("dept_reviewer", "dept_approver", of=make.department("HRB")).account
        self.without_factor = make.officer(*ROLES, of=make.department("PSB")).account
        self.off_duty = make.officer(*ROLES, of=make.department("PSB")).account
        type(self.off_duty.officer).objects.filter(pk=self.off_duty.officer.pk).update(active=False)

        make.material_type("lease")
        papers = [{"material": "lease", "required": False, "exempt": "none"}]
        matter = make.matter("shop", department=make.department("PSB"), objects_served=["company"], requirements=papers)
        self.draft = make.draft(matter, account_=self.owner, party=self.company)
        self.deleted = make.draft(matter, account_=self.owner, party=self.company)
        services.delete(self.deleted, account=self.owner)
        case = make.draft(matter, account_=self.owner, party=self.company)
        case = services.submit(case, account=self.owner, level=3, key="one")
        case = services.pass_pre_review(services.start_pre_review(case))
        case = services.accept(case, officer=self.window_officer.officer)
        self.case = services.start_review(case, officer=self.dept_reviewer.officer)
        _hand, code = services.invite(self.draft, account=self.owner)
        services.take(code, actor=Actor("applicant", "applicant", self.hand.pk), account=self.hand)

        self.carried, _code = carrying.offer(self.draft, account=self.owner, session="x")
        lease = self.case.materials.get(type__slug="lease")
        lease.document, lease.how = make.document(self.company, by=self.owner), "upload"
        lease.save()
        Case.objects.filter(pk=self.case.pk).update(rules_trace={"lines": [{"zh": "示", "en": "x"}]})
        self.case_page = Page.objects.get(document=lease.document)
        services.attach(self.draft, "lease", make.document(self.company, by=self.owner), account=self.owner)
        self.notices = {
            row: MachineFinding.objects.create(
                case=row,
                document=lease.document,
                material="lease",
                code="expired",
                severity="warning",
                page=1,
                mark="m",
                params={"paper": "lease", "day": "2026-01-01"},
            )
            for row in (self.case, self.draft)
        }
        self.page = Page.objects.get(document=make.document(self.company, by=self.owner))
        self.message = Message.objects.create(
            account=self.owner, party=self.company, kind="case_submitted", title={"zh": "示", "en": "x"},
            body={"zh": "示", "en": "x"}, link="/my/",
        )  # fmt: skip
        today = datetime.date(2026, 3, 3)
        self.withdrawal = KeyWithdrawal.objects.create(
            key_id="PSB-x", department="PSB", licence_type="x", why="x", asked_by=self.dept_approver.officer
        )
        self.licence = Licence.objects.create(
            type=make.licence_type(), identifier="1.2.156.1", holder=self.company, issuer=make.department("PSB"),
            serial="1", issued_on=today, valid_from=today, decision="case:0", token="t" * 32, face={"name": "示范"},
        )  # fmt: skip
        self.proceeding = Proceeding.objects.create(
            licence=self.licence,
            aim="revoke",
            reason="x",
            ground="x",
            opened_by=self.dept_reviewer.officer,
            answer_until=today,
        )
        self.authority = LicenceAuthority.objects.create(
            licence=self.licence, department=make.department("PSB"), code="x", index="x", purpose="x", fields=["name"],
            given_by=self.owner, until=datetime.date(2099, 1, 1),
        )  # fmt: skip
        self.shared = LicencePresentation.objects.create(
            licence=self.licence, kind="print", index="y", token="y", account=self.owner
        )
        self.report = FaceReport.objects.create(
            ref="r" * 22, licence=self.licence, field="name", was="a", says="b", account=self.owner, due=today
        )
        resource = Resource.objects.create(slug="work", name={"zh": "用工", "en": "Work"}, provider="PSB", share="open")
        self.dispute = Dispute.objects.create(
            resource=resource, provider="PSB", field="employer", of_party=self.owner.person, account=self.owner,
            due=today, before={"value": "a"}, claimed={"value": "b"},
        )  # fmt: skip
        self.member = Membership.objects.get(person=self.clerk.person)
        self.bill = make.bill(self.company, about=self.case.subject, of=make.department("PSB"))
        other = make.bill(self.company, of=make.department("PSB"))
        till.take_at_window([other], officer=self.window_officer.officer, method="cash")
        self.receipt = other.receipts.get()
        self.inspection = self.case.inspections.create(kind="promise", place="18 River Road")
        self.photo = self.inspection.photos.create(
            document=lease.document, officer=self.inspector.officer, key="one", sha256="x"
        )
        notice = PublicNotice.objects.create(
            case=self.case, officer=self.dept_reviewer.officer, text={"zh": "示", "en": "x"}, days=5, until=today
        )
        self.objection = notice.objections.create(
            party=self.stranger.person, account=self.stranger, text="It is too loud."
        )
        self.opinion = self.case.consultations.create(
            officer=self.dept_reviewer.officer, department=make.department("HRB"), question="Is it safe there?", due=today,
            materials=["lease"],
        )  # fmt: skip
        self.package = Delivery.objects.create(
            case=self.case, party=self.company, way="pickup", state="preparing", hall="centre", due=today
        )
        self.collected = Collection.objects.create(
            party=self.company, officer=self.issuing_officer.officer, taker_as="own", name="x", id_kind="id_card",
            id_end="1234", signed="paper", kept="x", content="x", at=self.case.documents.first().made_at,
        )  # fmt: skip
        self.packed = self.package.items.create(
            case=self.case, name={"zh": "示", "en": "x"}, collection=self.collected, taken_at=self.collected.at
        )
        self.proof = CaseDocument.objects.create(
            case=self.case, kind="delivery_proof", number="proof", made_at=self.collected.at
        )
        self.venue = Venue.objects.create(
            code_no="VC-1", party=self.company, kind="wet market", name={"zh": "示", "en": "x"}, address={"zh": "示", "en": "x"}
        )  # fmt: skip
        self.venue_visit = VenueVisit.objects.create(
            inspector=self.inspector.officer, area=Division.objects.create(code="310106", level="district", name={"zh": "示"}),
            venue=self.venue, seed="0" * 32, among=1, day=today, turn=1,
        )  # fmt: skip
        self.venue_finding = self.venue_visit.findings.create(venue=self.venue, what="other", words="x", due=today)
        self.visit_photo = self.venue_visit.photos.create(
            key="one", document=make.document(self.company, by=self.owner)
        )
        self.status = self._status_of(self.stranger)
        self.status_appeal = StatusAppeal.objects.create(
            status=self.status, account=self.stranger, text="It is not mine.", due=today
        )
        self.kept_pass = KeptPass.objects.create(
            person=self.stranger.person, account=self.stranger, qr_text="HC1:", trusted_by="health-pass", ends_at=timezone.now(),
            facts={"kind": "t", "holder": {"name": "x", "dob": ""}, "test": None, "issuer": ""}, mark="x",
        )  # fmt: skip
        self.trust_list = TrustList.objects.create(name="health-pass", number=1, origin="x", digest="x", signers=0)
        self.payment = till.start([self.bill], party=self.company, account=self.owner)

        self.poster = self.venue.entrances.create(name={"zh": "示", "en": "x"}).posters.create()
        _worker, self.invitation = keeping_venues.invite(
            self.venue,
            name="x",
            job="",
            guard=False,
            account=self.owner,
            actor=Actor("applicant", "applicant", self.owner.pk),
        )
        self.appointment = Appointment.objects.create(
            hall=queue_world.hall(), category=Category.objects.get(code="A"), begins_at=soon(1), ends_at=soon(2), place=0,
            party=self.company, state="confirmed",
        )  # fmt: skip
        self.to_plan = Appointment.objects.create(
            hall=self.appointment.hall, category=Category.objects.get(code="C"), begins_at=soon(3), ends_at=soon(4), place=0,
            party=self.company, state="confirmed", kind="round_table",
        )  # fmt: skip
        self.table = RoundTable.objects.create(
            hall=self.appointment.hall, party=self.company, begins_at=soon(1), ends_at=soon(2), room="1", about="x",
            led_by=self.helper.officer, state="ended", ended_at=timezone.now(), number="RT-1", letter=LETTER,
        )  # fmt: skip
        self.table.seats.create(department=self.elsewhere.officer.department)
        self.table_task = self.table.tasks.create(words="x", due_on=today, set_by=self.helper.officer)
        self.simulated = SimulationRun.objects.create(
            hall=self.appointment.hall, asked_by=self.supervisor.officer, question={"weekday": 0, "times": 1.2}
        )

    def _status_of(self, account) -> HealthStatus:
        area, now = (
            Division.objects.create(code="310107", level="district", name={"zh": "示", "en": "x"}),
            timezone.now(),
        )
        later = now + datetime.timedelta(days=3)
        health = self.health_officer.officer
        order = ordering.propose_order(
            officer=health, basis="IDL", area=area, title={"zh": "示"}, reason={"zh": "示范用的一个足够长的理由"}, ends_at=later,
            health_colours=True,
        )  # fmt: skip
        ordering.put_in_force(order, officer=self.emergency_authority.officer)
        row = status_deciding.propose_status(
            order, officer=health, colour="yellow", basis="observation", reason="示范用的一个足够长的理由", until=later,
            persons=[status_deciding.Named(account.person, "x")],
        )  # fmt: skip
        status_deciding.decide_status(row, officer=self.health_approver.officer)
        return HealthStatus.objects.get()

    def client(self, who: str) -> Client:
        made = Client(raise_request_exception=False)
        if who != "anonymous":
            space = self.company if who in CONCERNED["company"] else None
            factor = False if who == "without_factor" else None
            doors.enter(made, getattr(self, who), present=who != "clerk", second_factor=factor, space=space)
        return made

    def thing(self, of: str) -> dict:
        return {
            "draft": {"ref": self.draft.ref, "slug": "lease", "field": "reason", "pk": self.notices[self.draft].pk},
            "deleted": {"ref": self.deleted.ref},
            "hand": {"ref": self.draft.ref, "pk": self.draft.hands.get().pk},
            "carried": {"ref": self.draft.ref, "pk": self.carried.pk},
            "carried_by": {"pk": self.carried.pk},
            "case": {
                "ref": self.case.ref,
                "number": self.case.documents.first().number,
                "inspection": self.inspection.ref,
            },
            "visit": {"ref": self.inspection.ref, "pk": self.photo.pk},
            "objected": {"ref": self.case.ref, "pk": self.objection.pk},
            "work": {
                "ref": self.case.ref,
                "number": self.case.documents.first().number,
                "page": self.case_page.pk,
                "move": "conclude",
                "field": "reason",
                "pk": self.notices[self.case].pk,
            },
            "package": {"ref": self.package.ref, "pk": self.packed.pk, "move": "take-out"},
            "collected": {"ref": self.collected.ref, "pk": self.proof.pk},
            "pass": {"ref": self.kept_pass.ref},
            "trust_list": {"name": self.trust_list.name, "number": self.trust_list.number, "act": "drop"},
            "venue_visit": {"ref": self.venue_visit.ref, "pk": self.visit_photo.pk},
            "found_at_work": {"pk": self.venue_finding.pk},
            "venue_found": {"pk": self.venue.pk, "finding": self.venue_finding.pk},
            "status": {"pk": self.status.pk},
            "status_at_work": {"pk": self.status.pk},
            "status_appeal": {"pk": self.status_appeal.pk},
            "appointment": {"pk": self.appointment.pk},
            "appointment_at_hall": {"pk": self.appointment.pk},
            "round_table": {"pk": self.table.pk, "task": self.table_task.pk},
            "round_table_at_hall": {"pk": self.table.pk, "task": self.table_task.pk, "move": "note"},
            "round_table_to_plan": {"appointment": self.to_plan.pk},
            "simulated": {"pk": self.simulated.pk},
            "asked": {"pk": self.opinion.pk, "page": self.case_page.pk},
            "helping": {"ref": self.draft.ref, "slug": "lease"},
            "officers_help": {"ref": self.draft.ref},
            "counter": {"ref": self.draft.ref},
            "message": {"pk": self.message.pk},
            "member": {"pk": self.member.pk},
            "company": {"pk": self.company.pk},
            "venue": {"pk": self.venue.pk, "poster": self.poster.pk, "entrance": self.poster.entrance_id},
            "venue_at_work": {"pk": self.venue.pk},
            "invited": {"code": self.invitation},
            "licence": {
                "pk": self.licence.pk,
                "proceeding": self.proceeding.pk,
                "which": "notice",
                "share": self.shared.pk,
                "authority": self.authority.pk,
                "report": self.report.ref,
            },
            "let_in": {"pk": self.authority.pk},
            "reported": {"ref": self.report.ref, "move": "keep"},
            "issued": {"pk": self.licence.pk, "move": "open"},
            "withdrawn_key": {"pk": self.withdrawal.pk, "move": "confirm"},
            "paper": {"key": self.page.document.key, "page": self.page.pk},
            "dispute": {"ref": self.dispute.ref},
            "bill": {"number": self.bill.number, "ref": self.payment.ref, "move": "ask"},
            "receipt": {"number": self.receipt.number},
            "receipt_at_work": {"number": self.receipt.number},
            "accounts": {"number": self.bill.number, "ref": self.payment.ref, "move": "refund"},
        }[of]

    def moved(self) -> tuple:
        """All that knocking could have changed."""
        return (
            standing(self.case), standing(self.draft), Case.objects.count(), Document.objects.count(),
            list(Message.objects.values_list("read_at", flat=True)), list(Dispute.objects.values_list("state", flat=True)),
            list(Membership.objects.order_by("pk").values_list("role", "until")), Licence.objects.get().state,
        )  # fmt: skip


@pytest.fixture
def drawn_world(db):
    cache.clear()
    return World()


@pytest.fixture
def world(db, monkeypatch):
    cache.clear()
    monkeypatch.setattr(Template, "render", lambda self, context=None, request=None: mark_safe("drawn"))
    monkeypatch.setattr(logging.getLogger("tongban.requests"), "disabled", True)  # a line for each of 20,000 knocks
    monkeypatch.setattr(
        "tongban.registers.services._not_with_a_row_in_the_hand", lambda: None
    )  # knocks are undone in one
    for views in ("office.views_case", "office.views_issuing", "portal.views_cases"):
        monkeypatch.setattr(f"tongban.channels.{views}.draw", lambda document: b"drawn")
    monkeypatch.setattr("tongban.cases.receipt_sheet.draw", lambda receipt: b"drawn")
    return World()


# -- what they should get


def at_the_door(who: str, door: str) -> str:
    """What the door alone says."""
    if door in ("anyone", "machines", "signature"):
        return "in"
    if door == "carried":
        return "none"  # nobody here brings a device that was let in (tests/portal/test_carrying.py does)
    if who == "anonymous":
        return "sign_in"
    if door == "signed_in":
        return "in"
    if door.startswith("party_"):
        if who == "newcomer" or who in OFFICERS:
            return "prove"
        return "presence" if door == "party_3" and who == "clerk" else "in"
    wanted = set(door.removeprefix("officer").removeprefix(":").split(",")) - {""}
    held = {"elsewhere": {"dept_reviewer", "dept_approver"}, "without_factor": set(ROLES)}.get(who, {who} & set(ROLES))
    if not held or (wanted and not wanted & held):
        return "forbidden"
    return "factor" if who == "without_factor" else "in"


def expected(who: str, row: dict) -> str:
    """What door, roles and relation say together."""
    first, of = at_the_door(who, row["door"]), row.get("of")
    if first == "in" and (of or who == "off_duty") and who in row:
        return row[who]
    if first == "in" and of and who not in CONCERNED[of]:
        return "forbidden" if of == "work" and who in NOT_WITHOUT_REASON else "none"
    kind = KIN.get(who, who if who in CITIZENS or who in ("anonymous", "elsewhere") else "officer")
    if not of and kind in row and (first == "in" or not row["door"].startswith("officer")):
        return row[kind]
    return first


# -- what they get


def where(address: Address, row: dict, world: World) -> tuple[str, bool]:
    """The address with the thing its row names, and whether there is one behind it."""
    kwargs = {**address.arguments, **row.get("args", {})}
    if of := row.get("of"):
        kwargs |= {name: value for name, value in world.thing(of).items() if name in kwargs}
    try:
        return reverse(address.name, kwargs=kwargs), bool(of) or not address.kwargs
    except NoReverseMatch:
        return reverse(address.name, args=list(kwargs.values())), True


def knock(client: Client, at: str, post: bool = False, *, away: str = "none") -> str:
    """One knock, undone at once: whoever got in may have pressed something. Led `away` to a list of one's own is nothing found."""
    with transaction.atomic():
        answer = client.post(at, {"text": "x", "reason": "x"}) if post else client.get(at)
        transaction.set_rollback(True)
    if answer.status_code == 405:
        return "405"
    target = answer.headers.get("Location", "")
    return away if answer.status_code == 302 and target in AWAY else outcome(answer)


def got(client: Client, at: str, wanted: str, there: bool, behind_door: bool) -> str:
    away = wanted if wanted in ("in", "none") else "none"  # a list of one's own is nobody else's thing
    found = knock(client, at, away=away)
    if found == "405":
        found = knock(client, at, post=True, away=away)
    elif (
        behind_door and wanted in DENIED and found == wanted
    ):  # not concerned: by POST nothing more, where the view takes it
        by_post = knock(client, at, post=True)
        found = found if by_post in DENIED | {"405"} else by_post
    if found == "none" and wanted == "in" and not there:
        return "in"  # the door let in, and there was nothing behind it
    return found


def opened(world: World, who_all=PEOPLE, only=None) -> dict:
    """{address: {who: (should get, gets)}} wherever the two differ."""
    content, wrong = matrix(), {}
    clients = {who: world.client(who) for who in who_all}
    for address in addresses():
        row = row_of(content, address.name)
        if "door" not in row or (only and address.name not in only):
            continue  # the test of the book says which has none
        row = {**row, "of": row.get("of") or row.get("thing")}
        if row["of"] == "case" and address.name.startswith("office:"):
            row["of"] = "work"
        at, there = where(address, row, world)
        for who, client in clients.items():
            wanted = expected(who, row)
            found = got(client, at, wanted, there, at_the_door(who, row["door"]) == "in")
            if found != wanted:
                wrong.setdefault(address.name, {})[who] = (wanted, found)
    return wrong


PARTS = 6  # so that the workers share them


@pytest.mark.timeout(1500)  # thousands of knocks: half a minute of work, much longer beside other work
@pytest.mark.parametrize("part", range(PARTS))
def test_everybody_gets_at_every_address_what_door_role_and_relation_say(world, part):
    before, names = world.moved(), sorted({one.name for one in addresses()})

    assert opened(world, only=set(names[part::PARTS])) == {}
    assert world.moved() == before


def unlisted() -> list[Address]:
    """Addresses with a `ref` whose row names no thing."""
    content = matrix()
    return [
        one
        for one in addresses()
        if "ref" in one.arguments and not {"of", "thing"} & set(row_of(content, one.name)) and one.door != "anyone"
    ]


def test_an_address_that_forgot_to_say_what_it_is_about_opens_no_case_and_no_draft_to_outsiders(world):
    before, wrong = world.moved(), {}
    for who in (one for one in PEOPLE if one not in CONCERNED["case"]):
        client = world.client(who)
        for one in unlisted():
            for thing in (world.case, world.draft):
                if one.name.startswith("office:") and who in ROLES and thing is world.case:
                    continue  # may be at work on it
                at = reverse(one.name, kwargs={**one.arguments, "ref": thing.ref})
                found = {knock(client, at), knock(client, at, post=True)}
                if not found <= DENIED | {"405"}:
                    wrong[who, one.name] = found

    assert wrong == {}
    assert world.moved() == before


def test_an_officer_sees_what_was_answered_only_in_a_case_to_work_on(drawn_world):
    """Everybody else of the hall says first why; a person of another department does not get there by the address."""
    at = reverse("office:case", args=[drawn_world.case.ref])

    sees = {who: "示范餐饮有限公司" in drawn_world.client(who).get(at).content.decode() for who in OFFICERS}

    assert sees == {who: who in CONCERNED["work"] for who in OFFICERS}


# -- controls


def pattern_of(name: str, resolver=None, namespace=()):
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            found = pattern_of(name, entry, (*namespace, *([entry.namespace] if entry.namespace else [])))
            if found is not None:
                return found
        elif ":".join((*namespace, entry.name or "")) == name:
            return entry
    return None


@pytest.mark.parametrize(
    "name", ["office:noticed", "office:case", "office:oversight", "portal:members", "portal:drafts", "account_profile"]
)
def test_control_an_address_whose_door_was_taken_off_is_found(world, monkeypatch, name):
    """The view without its door, let in as whoever comes: each wrong one is named, and nobody else."""
    pattern = pattern_of(name)
    monkeypatch.setattr(pattern, "callback", _open(pattern.callback))

    wrong = opened(world, only={name})

    assert set(wrong) == {name}
    assert {who for who in PEOPLE if expected(who, row_of(matrix(), name)) in ("sign_in", "forbidden")} <= set(
        wrong[name]
    )


def _open(view):
    from django.http import HttpResponse

    def come_in(request, *args, **kwargs):
        return HttpResponse("come in")

    come_in.door = view.door
    return come_in


def test_control_one_role_too_many_is_found(world, monkeypatch):
    from tongban.channels.office import views_noticed

    pattern = pattern_of("office:noticed")
    from tongban.channels.doorkeeper import for_officer

    view = views_noticed.figures
    while hasattr(view, "__wrapped__"):
        view = view.__wrapped__
    wider = for_officer("auditor", "coordinator", "helper")(view)
    monkeypatch.setattr(pattern, "callback", wider)

    assert opened(world, only={"office:noticed"}) == {"office:noticed": {"helper": ("forbidden", "in")}}


class NoNeeds(dict):
    """As if no page asked for any power."""

    def get(self, name, other=None):
        return frozenset()


def test_control_a_query_that_forgets_whose_case_it_is_is_found(world, monkeypatch):
    from tongban.cases import queries

    monkeypatch.setattr(queries, "own", lambda *parties: Case.objects.all())
    monkeypatch.setattr(queries, "own_one", lambda parties, ref: Case.objects.filter(ref=ref).first())
    monkeypatch.setattr(queries, "within", lambda rows, held, account: Case.objects.all())
    monkeypatch.setattr("tongban.channels.portal.own.acting.NEEDS", NoNeeds())
    monkeypatch.setattr("tongban.channels.portal.own._stand_with", lambda request, party: None)

    wrong = opened(world, who_all=("stranger",))

    assert len([name for name in wrong if name.startswith(("portal:apply", "portal:case"))]) >= 10


def test_control_an_unlisted_address_is_found(world, monkeypatch):
    row = next(one for one in addresses() if one.name == "portal:apply_form")
    monkeypatch.setattr("tests.house.test_everybody.unlisted", lambda: [row])
    monkeypatch.setattr(
        "tongban.channels.portal.own.cases.own_one", lambda parties, ref: Case.objects.filter(ref=ref).first()
    )
    monkeypatch.setattr("tongban.channels.portal.own.cases.within", lambda rows, held, account: Case.objects.all())
    monkeypatch.setattr("tongban.channels.portal.own.acting.NEEDS", NoNeeds())
    monkeypatch.setattr("tongban.channels.portal.own._stand_with", lambda request, party: None)

    with pytest.raises(AssertionError, match="stranger.*portal:apply_form"):
        test_an_address_that_forgot_to_say_what_it_is_about_opens_no_case_and_no_draft_to_outsiders(world)
