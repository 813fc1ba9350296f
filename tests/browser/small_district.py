"""The demonstration district without its ninety days of cases, in the var directory of the environment: a minute less to wait for.

python -m tests.browser.small_district
"""

import json
import os
import sys

import django

WHO = {"wang-anhui", "chen-flex", "li-na", "anna"}
COMPANIES = {"river-cafe"}


def build() -> None:
    from django.db import transaction
    from django.utils import timezone

    from tongban.journal import services as journal
    from tongban.registers import services as registers
    from tongban.site.commands import prepare
    from tongban.site.demonstration import bundles, district, history, papers, people

    for step in (prepare.keys, prepare.database, prepare.static_files):
        assert step() == 0
    with transaction.atomic(), registers.nobody_waits():
        district.content()
        everybody = people.populate(district.DEMO)
        people_of_all, companies_of_all = everybody.people, everybody.companies
        everybody.people = {slug: who for slug, who in everybody.people.items() if slug in WHO}
        everybody.companies = {slug: which for slug, which in everybody.companies.items() if slug in COMPANIES}
        papers.hand_out(everybody, timezone.localdate())
    everybody.people, everybody.companies = people_of_all, companies_of_all
    history.PLAN, bundles.STORIES = [("site_inspection", 1, (4, 5))], ()  # somebody must have premises to look at
    history.write(everybody, timezone.now(), lambda number: None)
    while journal.work_once():
        pass


def paper(picture: str) -> dict:
    """A shop's licence as its printer draws it at 150 dpi: sealed here, so that its code carries the address this house runs under."""
    import pypdfium2

    from tongban.licences import services
    from tongban.licences.models import Licence

    row = Licence.objects.filter(type__slug="business-licence", state="valid").latest("id")
    Licence.objects.filter(pk=row.pk).update(sealed_at=None)
    services.put_seal(row.pk)
    row.refresh_from_db()
    document = pypdfium2.PdfDocument(services.open_pdf(row))
    page = document[0]
    page.render(scale=150 / 72).to_pil().save(picture)
    page.close()
    document.close()
    return {"identifier": row.identifier, "token": row.token}


AT_WORK = {"li-na": "negative", "wang-anhui": "positive", "anna": None}


def market() -> dict:
    """A market with three at work: one with a negative test, one with a positive one, one without any."""
    from django.utils import timezone

    from tongban.codes.models import EntryRule, KnownTest, Venue
    from tongban.departments.models import Officer
    from tongban.parties.models import Account, Company
    from tongban.places.models import Division

    now = timezone.now()
    owner = Account.objects.get(login="chen-flex")
    place = Venue.objects.create(
        code_no="VC-WALK-1", party=Company.objects.get(memberships__person=owner.person), kind="wet market",
        division=Division.objects.get(code="310107005"), name={"zh": "走访市场", "en": "Walked market"},
        address={"zh": "示范路9号", "en": "9 Demo Road"},
    )  # fmt: skip
    for login, result in AT_WORK.items():
        person = Account.objects.get(login=login).person
        place.workers.create(person=person, name=person.name, state="works", invited_by=owner, agreed_at=now)
        if result:
            seen = {"type": "LP6464-4", "sampled_at": now.isoformat(), "result": result, "centre": "示范检测点"}
            KnownTest.objects.update_or_create(person=person, source="register", defaults={"facts": seen})
    EntryRule.objects.create(
        venue=place, level="register", basis="x", staff_hours=72, first_day=now.date(), last_day=now.date().replace(year=now.year + 1),
        published_by=Officer.objects.get(account__login="coordinator"),
    )  # fmt: skip
    inspector = next(one for one in Officer.objects.select_related("account") if "inspector" in one.roles)
    return {"inspector": inspector.account.login, "pk": place.pk, "company": place.party_id}


def codes_of_staff() -> dict:
    """What their phones show at this minute."""
    from django.utils import timezone

    from tongban.codes.services import holding
    from tongban.parties.models import Account

    now, found = timezone.now(), {}
    for login in AT_WORK:
        account = Account.objects.get(login=login)
        found[login] = holding.shown_now(holding.code_of(account, account.person, now), now)[0].payload
    return found


def resuming() -> dict:
    """A company with its venue code in use, and two at work: one tested within a day, one whose test is too old whatever the hour is now."""
    from datetime import timedelta

    from django.utils import timezone

    from tongban.codes.models import KnownTest, Venue
    from tongban.parties.models import Account, Company
    from tongban.places.models import Division

    owner = Account.objects.get(login="chen-flex")
    company = Company.objects.get(memberships__person=owner.person)
    Venue.objects.get_or_create(
        code_no="VC-WORK-1", party=company, kind="restaurant", division=Division.objects.get(code="310107005"),
        defaults={"name": {"zh": "复工餐厅", "en": "Restaurant at work"}, "address": {"zh": "示范路9号", "en": "9 Demo Road"}},
    )  # fmt: skip
    staff = []
    for login, hours in (("chen-flex", 20), ("wang-anhui", 80)):
        person = Account.objects.get(login=login).person
        at = timezone.now() - timedelta(hours=hours)
        seen = {"type": "LP6464-4", "sampled_at": at.isoformat(), "result": "negative", "centre": "示范检测点"}
        KnownTest.objects.update_or_create(person=person, source="register", defaults={"facts": seen})
        staff.append([person.name, person.id_no, "示范路2号", timezone.localtime(at).date().isoformat()])
    return {"company": company.pk, "staff": staff}


HALL = "putuo-centre"


def hall() -> dict:
    """The district's hall is open at whatever hour this test runs, as on a day with longer hours; its machines by their keys."""
    from datetime import time, timedelta

    from django.utils import timezone

    from tongban.halls.models import Hall, HallDay, Shift

    where, today = Hall.objects.get(code=HALL), timezone.localdate()
    Hall.objects.filter(pk=where.pk).update(stop_minutes=0)
    for day in (today, today + timedelta(days=1)):
        HallDay.objects.update_or_create(hall=where, day=day, defaults={"hours": ["00:00-23:59"], "reason": {}})
        Shift.objects.get_or_create(hall=where, day=day, kind="general", begins=time(0), ends=time(23, 59), windows=4)
    return {one.kind: one.key for one in where.machines.filter(number=1)}


def next_morning() -> dict:
    """The night is over: the hour that was booked last begins now. What the visitor's code shows at this minute."""
    from datetime import timedelta

    from django.utils import timezone

    from tongban.codes.services import holding
    from tongban.halls.models import Appointment
    from tongban.parties.models import Account

    now = timezone.now()
    row = Appointment.objects.filter(state="confirmed").latest("id")
    Appointment.objects.filter(pk=row.pk).update(begins_at=now, ends_at=now + timedelta(minutes=30))
    account = Account.objects.get(person_id=row.party_id)
    return {"code": holding.shown_now(holding.code_of(account, account.person, now), now)[0].payload}


def visits() -> dict:
    """The tickets of the hall, as its figures count them."""
    from tongban.halls.models import Ticket

    rows = Ticket.objects.filter(hall__code=HALL, party__isnull=False).order_by("-id")[:1]
    return {
        "tickets": [
            {"label": one.label, "state": one.state, "on_the_spot": one.on_the_spot, "calls": one.calls} for one in rows
        ]
    }


def at_desk(label: str) -> dict:
    """What became of a number of today: its state, what the officer wrote, how often it was finished."""
    from tongban.halls.models import DeskNote, Ticket
    from tongban.journal.models import Event

    row = Ticket.objects.filter(hall__code=HALL, label=label).latest("id")
    note = DeskNote.objects.filter(ticket=row).first()
    done = Event.objects.filter(subject=row.subject, kind="TicketDone").count()
    return {"state": row.state, "note": note.words if note else "", "done": done}


def tell(ref: str) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from tongban.cases.models import Case, Inspection
    from tongban.licences.models import Licence

    if ref == "newcomer":  # another errand of this house may have renewed the permit already
        held = Licence.objects.filter(
            type__slug="residence-permit", state="valid", holder__person__account__login="wang-anhui"
        )
        held.update(valid_to=timezone.localdate() + timedelta(days=20))
        print(json.dumps({"permits": held.count()}))
        return
    told = {"market": market, "codes-of-staff": codes_of_staff, "resuming": resuming}
    told |= {"hall": hall, "next-morning": next_morning, "visits": visits}
    if ref in told:
        print(json.dumps(told[ref]()))
        return
    if ref.startswith("desk:"):
        print(json.dumps(at_desk(ref.removeprefix("desk:"))))
        return
    if ref.startswith("paper:"):
        print(json.dumps(paper(ref.removeprefix("paper:"))))
        return
    if ref == "inspection":
        row = Inspection.objects.select_related("case__department").latest("id")
        signed = [one.officer.account.login for one in row.signatures.filter(officer__isnull=False)]
        said = {"ref": row.ref, "state": row.state, "department": row.case.department.code.lower(), "signed": signed}
        print(json.dumps(said | {"photos": row.photos.count(), "record": row.record}))
        return
    case = Case.objects.get(ref=ref)
    print(json.dumps({"state": case.state, "sent": Case.objects.exclude(state="draft").count()}))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongban.site.settings")
    django.setup()
    tell(sys.argv[1]) if sys.argv[1:] else build()
