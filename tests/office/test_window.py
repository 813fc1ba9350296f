"""Somebody stands at a window: compared, prepared in their name, signed by them, received; and nobody else's draft opens."""

import io
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from tests import doors, make
from tests.office.desks import ROLES, at_the_desk, matter, officer_for, work
from tongban.cases import queries, services
from tongban.cases.models import Case, Hand, PhoneSignature, Visit
from tongban.journal.models import Event, ReadEntry
from tongban.lib.problems import Invalid, NotAllowed
from tongban.parties import rules
from tongban.parties.models import Person

pytestmark = pytest.mark.django_db

NUMBER = "990000199207080045"
ANSWERS = {"reason": "work", "delivery": "e_licence", "truth": "on"}


def person(number=NUMBER, **given):
    return make.person(id_no=number, id_index=rules.index_of("id_card", rules.check_number("id_card", number)), **given)


def shown(number=NUMBER, **more) -> dict:
    return {"id_kind": "id_card", "id_no": number, "compared": "true", "agrees": "true", **more}


@pytest.fixture
def officer():
    return officer_for("window_officer")


@pytest.fixture
def window(officer):
    return at_the_desk(officer)


def revision(client, ref) -> str:
    return re.search(
        r'name="revision" value="(\d+)"', client.get(f"/office/window/drafts/{ref}/form/").content.decode()
    )[1]


def begun(window, of, who) -> Case:
    window.post("/office/window/visitor/", shown(who.id_no))
    answer = window.post(f"/office/window/begin/{of.slug}/", {"for": who.pk})
    return Case.objects.get(ref=answer.headers["Location"].split("/")[-2])


def filled(window, case) -> Case:
    answer = window.post(f"/office/window/drafts/{case.ref}/form/", {**ANSWERS, "revision": revision(window, case.ref)})
    assert answer.status_code == 302, re.findall(r'class="of-error">([^<]+)', answer.content.decode())
    return Case.objects.get(pk=case.pk)


def code_sent(case, var) -> str:
    work()
    texts = [one.read_text("utf-8") for one in (var / "sms").glob("*.txt")]
    return re.search(
        r"\b(\d{6})\b", max((t for t in texts if case.version.name["zh"] in t), key=len).split("\n", 1)[1]
    )[1]


# -- who is here


def test_without_having_compared_the_document_nobody_is_looked_up(window):
    who = person()
    answer = window.post("/office/window/visitor/", {**shown(), "compared": ""})

    assert (answer.status_code, Visit.objects.count()) == (422, 0)
    assert who.name not in answer.content.decode()


def test_without_the_persons_agreement_nothing_begins(window):
    person()

    assert window.post("/office/window/visitor/", {**shown(), "agrees": ""}).status_code == 422
    assert not Visit.objects.exists()


def test_the_visit_stands_in_the_record_and_among_the_persons_reads(window, officer):
    who = person()
    window.post("/office/window/visitor/", shown())
    visit = Visit.objects.get()

    assert (visit.person_id, visit.officer_id, visit.proof) == (who.pk, officer.pk, "record")
    assert ReadEntry.objects.filter(of_party=who.pk, reader=officer.account_id, about=f"visit:{visit.ref}").exists()
    assert Event.objects.filter(kind="ComparedAtWindow", subject=f"party:{who.pk}").count() == 1


def test_somebody_unknown_is_asked_of_the_register(window):
    first = window.post("/office/window/visitor/", shown("990000199001010500"))
    assert (first.status_code, Visit.objects.count()) == (422, 0)
    window.post("/office/window/visitor/", shown("990000199001010500", name="新来的人", mobile=""))

    known = Person.objects.get(visits__isnull=False)
    assert (known.name, known.id_no, known.mobile, known.visits.get().proof) == (
        "新来的人", "990000199001010500", "", "register",
    )  # fmt: skip


def test_a_name_that_the_register_does_not_have_opens_nothing(window):
    answer = window.post(
        "/office/window/visitor/", shown(NUMBER, name="冒名的人")
    )  # a person of the demonstration, not in the record

    assert (answer.status_code, Visit.objects.count(), Person.objects.count()) == (422, 0, 0)


def test_a_passport_is_in_no_register_and_counts_by_the_officers_own_eyes(window):
    given = {"name": "Anna Kowalska", "birth_date": "1991-02-03", "sex": "F", "nationality": "POL"}
    window.post("/office/window/visitor/", {**shown("EK1234567"), "id_kind": "passport", **given})

    visit = Visit.objects.get()
    assert (visit.proof, visit.person.name, visit.person.nationality) == ("by_hand", "Anna Kowalska", "POL")


def test_one_visitor_at_a_time(window, officer):
    first, second = person(), person("99000019961120007X")
    window.post("/office/window/visitor/", shown(first.id_no))
    window.post("/office/window/visitor/", shown(second.id_no))

    assert queries.visit_of(officer).person_id == second.pk
    assert Visit.objects.filter(ended_at__isnull=True).count() == 1


def test_nobody_is_their_own_visitor():
    who = person()
    officer = make.officer("window_officer", of=make.department("DSO"), person=who)
    answer = at_the_desk(officer).post("/office/window/visitor/", shown(who.id_no))

    assert (answer.status_code, Visit.objects.count()) == (403, 0)


def test_an_officer_does_not_begin_for_a_company_they_belong_to():
    who, clerk = person(), make.person()
    company = make.company(of=who)
    from tongban.parties.models import Membership

    Membership.objects.create(person=clerk, company=company, role="clerk", since="2020-01-01")
    officer = make.officer("window_officer", of=make.department("DSO"), person=clerk)
    visit = services.begin_visit(who, officer=officer, id_kind="id_card", proof="record")

    with pytest.raises(NotAllowed, match="own case|自己"):
        services.begin_at_window(matter(objects_served=["enterprise"]), party=company, visit=visit)


# -- the errand


def test_begun_filled_signed_on_paper_and_received_with_a_receipt(window, officer):
    who, of = person(), matter()
    make.account(who)
    case = begun(window, of, who)
    step = case.steps.get()
    assert (case.state, case.channel, case.prepared_by_id, case.applicant_id) == ("draft", "window", officer.pk, who.pk)
    assert (step.move, step.role, step.officer_id, case.value("name")) == (
        "create",
        "window_officer",
        officer.pk,
        who.name,
    )

    case = filled(window, case)
    page = window.get(f"/office/window/drafts/{case.ref}/check/").content.decode()
    content = re.search(r'name="content" value="([0-9a-f]+)"', page)[1]
    assert "work" in window.get(f"/office/window/drafts/{case.ref}/print/").content.decode()
    unsaid = window.post(f"/office/window/drafts/{case.ref}/hand-in", {"how": "paper", "content": content, "kept": ""})
    assert (unsaid.status_code, Case.objects.get(pk=case.pk).state) == (422, "draft")
    done = window.post(
        f"/office/window/drafts/{case.ref}/hand-in", {"how": "paper", "content": content, "kept": "binder 7"}
    )

    case.refresh_from_db()
    assert done.headers["Location"] == f"/office/window/received/{case.ref}/"
    assert (case.state, case.signed_how, case.paper_kept, case.steps.get(move="hand_in").role) == (
        "received", "paper", "binder 7", "window_officer",
    )  # fmt: skip
    receipt = case.documents.get(kind="materials_receipt")
    page = window.get(done.headers["Location"]).content.decode()
    assert case.number in page and f"{receipt.number}.pdf" in page and 'class="qr"' in page
    assert window.get(f"/office/cases/{case.ref}/papers/{receipt.number}.pdf").content[:4] == b"%PDF"
    again = window.post(f"/office/window/drafts/{case.ref}/hand-in", {"how": "paper", "content": content, "kept": "x"})
    assert (again.status_code, Case.objects.exclude(state="draft").count()) == (302, 1)
    work()


def test_confirmed_by_a_code_on_the_own_phone(window, settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path
    who, of = person(mobile="13800005678"), matter()
    case = filled(window, begun(window, of, who))
    sent = window.post(f"/office/window/drafts/{case.ref}/code")
    code = code_sent(case, tmp_path)
    page = window.get(sent.headers["Location"]).content.decode()
    assert code not in page  # the officer is never shown it
    content = re.search(r'name="content" value="([0-9a-f]+)"', page)[1]
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"

    answer = window.post(
        f"/office/window/drafts/{case.ref}/hand-in", {"how": "phone", "content": content, "code": wrong}
    )
    assert (answer.status_code, PhoneSignature.objects.get().tries, Case.objects.get(pk=case.pk).state) == (
        422,
        1,
        "draft",
    )
    window.post(f"/office/window/drafts/{case.ref}/hand-in", {"how": "phone", "content": content, "code": code})

    case.refresh_from_db()
    assert (case.state, case.signed_how) == ("received", "phone")
    assert code not in repr(list(Event.objects.values_list("payload", flat=True)))


def test_a_code_is_not_guessed(officer):
    who = person()
    visit = services.begin_visit(who, officer=officer, id_kind="id_card", proof="record")
    case = services.begin_at_window(matter(), party=who, visit=visit)
    services.send_code(case, visit=visit)
    for number in range(5):
        with pytest.raises(Invalid):
            services.confirm_by_phone(case, f"{number}", visit=visit)

    assert PhoneSignature.objects.get().tries == 5
    with pytest.raises(Invalid, match="no code|没有"):
        services.confirm_by_phone(case, "000000", visit=visit)


def test_the_officer_cannot_sign(window):
    who, of = person(), matter()
    case = filled(window, begun(window, of, who))
    content = services.content_of(case)

    for given in ({"how": "online"}, {"how": ""}, {}, {"how": "phone", "code": "000000"}):
        answer = window.post(f"/office/window/drafts/{case.ref}/hand-in", {"content": content, "kept": "x", **given})
        assert answer.status_code in {409, 422}
    assert Case.objects.get(pk=case.pk).state == "draft"
    assert window.post(f"/apply/{case.ref}/submit", {"sign": "1"}).status_code == 302  # to the proof of an own identity
    assert Case.objects.get(pk=case.pk).state == "draft"


def test_what_is_changed_after_it_was_signed_is_signed_again(window):
    who, of = person(), matter()
    case = filled(window, begun(window, of, who))
    content = services.content_of(case)
    window.post(
        f"/office/window/drafts/{case.ref}/form/",
        {**ANSWERS, "reason": "other", "revision": revision(window, case.ref)},
    )
    answer = window.post(f"/office/window/drafts/{case.ref}/hand-in", {"how": "paper", "content": content, "kept": "x"})

    assert (answer.status_code, Case.objects.get(pk=case.pk).state) == (409, "draft")


def test_a_draft_goes_from_home_to_the_window_and_back_and_nothing_is_typed_twice(window):
    who = person()
    account = make.account(who)
    case = make.draft(matter(), account_=account, answers={"reason": "typed at home"})
    home = doors.enter(Client(), account, present=True)
    assert case.ref in home.get(f"/apply/{case.ref}/form/").content.decode()

    window.post("/office/window/visitor/", {**shown(), "code": case.ref})
    opened = window.post("/office/window/take-over", {"code": case.ref.upper()})
    at_window = window.get(f"{opened.headers['Location']}form/").content.decode()
    window.post(
        f"/office/window/drafts/{case.ref}/form/",
        {"reason": "typed at home", "delivery": "pickup", "revision": revision(window, case.ref)},
    )
    window.post("/office/window/leave")
    back = home.get(f"/apply/{case.ref}/form/").content.decode()

    assert "typed at home" in at_window
    assert "typed at home" in back and re.search(r'value="pickup"[^>]*checked', back)
    home.post(
        f"/apply/{case.ref}/form/", {**ANSWERS, "reason": "typed at home", "revision": Case.objects.get().revision}
    )
    home.post(f"/apply/{case.ref}/submit", {"sign": "1", "key": "k"})
    case.refresh_from_db()
    assert (case.state, case.value("reason"), case.signed_how) == ("submitted", "typed at home", "online")
    work()


def test_a_scanned_paper_goes_through_the_gate_and_counts_as_seen_by_the_window(window, officer, settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path
    make.material_type("lease")
    who, of = person(), matter(requirements=[{"material": "lease", "required": True}])
    case = begun(window, of, who)
    picture = io.BytesIO()
    Image.new("RGB", (300, 400), "#eee8dd").save(picture, "JPEG")
    picture.seek(0)
    picture.name = "lease.jpg"
    window.post(f"/office/window/drafts/{case.ref}/materials/lease", {"file": picture})

    row = case.materials.get()
    assert (row.how, row.trust, row.seen_by_id, row.document.owner_id) == ("upload", "B", officer.pk, who.pk)
    page = row.document.pages.get()
    assert window.get(f"/office/window/drafts/{case.ref}/pages/{page.pk}").status_code == 200
    window.post(f"/office/window/drafts/{case.ref}/materials/lease", {"detach": "1"})
    window.post(f"/office/window/drafts/{case.ref}/materials/lease", {"seen": "1"})
    assert (case.materials.get().how, case.materials.get().trust) == ("paper", "B")


def test_the_matter_is_found_and_says_whether_this_officer_may_take_it_in(window):
    matter(slug="window-matter", name={"zh": "窗口事项示例", "en": "Window matter"})
    stranger = make.officer("window_officer", of=make.department("DSO"), certified=("else",))

    ours = window.get("/office/window/", {"q": "窗口事项示例"}).content.decode()
    theirs = at_the_desk(stranger).get("/office/window/", {"q": "窗口事项示例"}).content.decode()
    nothing = window.get("/office/window/", {"q": "zzzzqqqq"})
    post = window.get("/office/post/", {"q": "窗口事项示例"}).content.decode()

    assert "/office/window/begin/window-matter/" in ours and "?matter=window-matter" in post
    assert "窗口事项示例" in theirs and "/office/window/begin/window-matter/" not in theirs
    assert nothing.status_code == 200


# -- what does not open


def steps(ref: str) -> list[str]:
    of_draft = ["", "situation/", "form/", "materials/", "check/", "print/"]
    return [f"/office/window/drafts/{ref}/{one}" for one in of_draft]


def test_a_draft_of_somebody_who_is_not_here_does_not_open(window):
    here, elsewhere = person(), person("99000019961120007X")
    draft = make.draft(matter(), account_=make.account(elsewhere))
    window.post("/office/window/visitor/", shown(here.id_no))

    assert {address: window.get(address).status_code for address in steps(draft.ref)} == dict.fromkeys(
        steps(draft.ref), 404
    )
    assert window.post("/office/window/take-over", {"code": draft.ref}).status_code == 422
    assert not Hand.objects.exists()


@pytest.mark.parametrize("how", ["left", "time", "another officer", "nobody"])
def test_when_the_visit_is_over_the_draft_is_closed(window, officer, how):
    who, of = person(), matter()
    case = begun(window, of, who)
    if how == "left":
        window.post("/office/window/leave")
    elif how == "time":
        Visit.objects.update(until=timezone.now() - timedelta(seconds=1))
    other = at_the_desk(officer_for("window_officer")) if how == "another officer" else window
    if how == "nobody":
        Visit.objects.update(ended_at=timezone.now())

    assert [other.get(address).status_code for address in steps(case.ref)] == [404] * len(steps(case.ref))
    assert other.post(f"/office/window/drafts/{case.ref}/hand-in", {"how": "paper"}).status_code == 404


def test_the_person_ends_the_officers_work_at_once_on_the_own_phone(window):
    who = person()
    home = doors.enter(Client(), make.account(who), present=True)
    case = filled(window, begun(window, matter(), who))
    content = services.content_of(case)
    home.post(f"/apply/{case.ref}/help/{Hand.objects.get().pk}/end")

    assert {window.get(address).status_code for address in steps(case.ref)} == {403}
    signed = {"how": "paper", "content": content, "kept": "x"}
    assert window.post(f"/office/window/drafts/{case.ref}/hand-in", signed).status_code == 403
    assert Case.objects.get().state == "draft"


def test_only_certified_matters_are_begun():
    who, of = person(), matter()
    officer = make.officer("window_officer", of=make.department("DSO"), certified=("something-else",))
    window = at_the_desk(officer)
    window.post("/office/window/visitor/", shown())
    answer = window.post(f"/office/window/begin/{of.slug}/", {"for": who.pk})

    assert (answer.status_code, Case.objects.count()) == (409, 0)


@pytest.mark.parametrize("role", [role for role in ROLES if role != "window_officer"])
def test_only_the_window_receives_people(role):
    who = person()
    client = at_the_desk(officer_for(role))

    assert client.post("/office/window/visitor/", shown(who.id_no)).status_code == 403
    with pytest.raises(NotAllowed):
        services.begin_visit(who, officer=officer_for(role), id_kind="id_card", proof="record")


def test_the_history_says_who_worked_in_it_and_the_person_sees_it(window, officer):
    who = person()
    account = make.account(who)
    case = begun(window, matter(), who)
    home = doors.enter(Client(), account)

    assert officer.department.shown_name in home.get(f"/apply/{case.ref}/help/").content.decode()
    reads = ReadEntry.objects.filter(of_party=who.pk, reader=officer.account_id, about=case.subject)
    assert not reads.exists()
    window.get(f"/office/window/drafts/{case.ref}/form/")
    assert reads.get().purpose == "window"
