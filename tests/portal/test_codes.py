"""The identity code on a phone: shown, printed, answered at a gate, read by others; and what its holder sees of it."""

import datetime
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from tests import make
from tongban.codes.models import CodeCheck, IdentityCode, Reader, Scene
from tongban.codes.services import holding, verifying
from tongban.parties.models import Kinship

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def scene(slug="library", fields=("alias",), sorts=("person", "family", "paper"), **given) -> Scene:
    words = {"zh": slug, "en": slug.title()}
    return Scene.objects.create(
        slug=slug, name=words, purpose=words, basis=words, fields=list(fields), sorts=list(sorts), **given
    )


def reader(of: Scene, **given) -> Reader:
    return Reader.objects.create(
        **{"name": "Desk 1", "place": "City library", "operator": "library", "scene": of} | given
    )


def read(code: str, by: Reader):
    return verifying.verify(code, reader=by, purpose=by.scene.slug, at=timezone.now())


def test_the_page_shows_three_codes_and_a_covered_name(client):
    client.force_login(make.account(make.person("张示范")))

    page = client.get(reverse("portal:code")).content.decode()

    assert page.count('class="qr"') == 3
    assert "张*范" in page and "张示范" not in page.split("<main")[1]
    assert 'http-equiv="refresh"' in page


def test_without_a_proved_identity_there_is_no_code(client):
    who = make.account()
    who.level = 1
    who.save()
    client.force_login(who)

    assert client.get(reverse("portal:code")).status_code == 302
    assert not IdentityCode.objects.exists()


def test_who_has_read_my_code_stands_there_with_what_they_were_told(client):
    who = make.account()
    client.force_login(who)
    at = timezone.now()
    read(holding.shown_now(holding.code_of(who, who.person, at), at)[0].payload, reader(scene()))

    page = client.get(reverse("portal:code_seen")).content.decode()

    assert "City library" in page and "Number at this operator" in page and "Library" in page


def test_a_stranger_sees_nothing_of_it(client):
    who = make.account()
    at = timezone.now()
    read(holding.shown_now(holding.code_of(who, who.person, at), at)[0].payload, reader(scene()))
    client.force_login(make.account())

    assert "City library" not in client.get(reverse("portal:code_seen")).content.decode()
    assert client.get(reverse("portal:code") + f"?of={who.person_id}").status_code == 404


def test_a_parent_shows_the_childs_code_and_is_named_by_it(client):
    mother = make.account(make.person("李母"))
    child = make.person("李小满", birth_date=datetime.date(2018, 5, 1))
    Kinship.objects.create(kind="child", person=child, relative=mother.person, state="confirmed")
    client.force_login(mother)

    page = client.get(reverse("portal:code") + f"?of={child.pk}").content.decode()

    card = IdentityCode.objects.get(sort="family")
    assert "李*满" in page and "shown by" in page
    assert (card.party_id, card.shown_by_id) == (child.pk, mother.person_id)


def test_a_family_code_dies_with_the_right_to_show_it(client):
    mother = make.account(make.person("李母"))
    child = make.person("李小满", birth_date=datetime.date(2018, 5, 1))
    Kinship.objects.create(kind="child", person=child, relative=mother.person, state="confirmed")
    at = timezone.now()
    code = holding.shown_now(holding.code_of(mother, child, at), at)[0].payload
    Kinship.objects.update(state="ended", ended_at=at, ended_why="court")

    assert read(code, reader(scene())).reason == "right_ended"


def test_paper_is_made_printed_and_dies_when_reported_lost(client):
    who = make.account(make.person("王奶奶", birth_date=datetime.date(1950, 1, 1)))
    client.force_login(who)

    client.post(reverse("portal:code_paper"))
    card = IdentityCode.objects.get(sort="paper")
    sheet = client.get(reverse("portal:code_paper_pdf", args=[card.ref]))
    desk = reader(scene())
    before, again = read(card.payload, desk), read(card.payload, desk)
    client.post(reverse("portal:code_paper"), {"act": "lost"})

    assert sheet["Content-Type"] == "application/pdf" and sheet.content.startswith(b"%PDF")
    assert (before.verdict, again.verdict) == ("valid", "valid")
    assert read(card.payload, desk).reason == "lost"
    assert client.get(reverse("portal:code_paper_pdf", args=[card.ref])).status_code == 404


def test_a_new_paper_ends_the_one_before(client):
    who = make.account(make.person(birth_date=datetime.date(1950, 1, 1)))
    client.force_login(who)

    for _each in range(2):
        client.post(reverse("portal:code_paper"))
    first, second = IdentityCode.objects.filter(sort="paper").order_by("pk")
    desk = reader(scene())

    assert (read(first.payload, desk).reason, read(second.payload, desk).verdict) == ("ended", "valid")


def test_paper_is_not_for_people_who_can_use_a_phone(client):
    client.force_login(make.account(make.person(birth_date=datetime.date(1990, 1, 1))))

    answer = client.post(reverse("portal:code_paper"))

    assert answer.status_code == 409 and "60 or over" in answer.content.decode()
    box = re.search(r'<input[^>]*name="disabled"[^>]*>', client.get(reverse("portal:code_paper")).content.decode())[0]
    ticked = re.search(r'value="([^"]*)"', box)[1]  # what the page itself would send
    assert client.post(reverse("portal:code_paper"), {"disabled": ticked}).status_code == 302
    assert IdentityCode.objects.filter(sort="paper").count() == 1


def test_an_unattended_gate_sends_paper_to_the_staff(client):
    who = make.account(make.person(birth_date=datetime.date(1950, 1, 1)))
    client.force_login(who)
    client.post(reverse("portal:code_paper"))

    gate = reader(scene(), sort="gate")

    assert read(IdentityCode.objects.get(sort="paper").payload, gate).reason == "see_staff"


def test_a_gate_that_asks_takes_the_answer_to_its_own_question_alone(client):
    who = make.account()
    client.force_login(who)
    where = scene("transit")
    gate, other = reader(where, sort="gate", asks=True, place="East gate"), reader(where, sort="gate", asks=True)
    question = holding.question(gate, timezone.now()).payload

    named = client.post(reverse("portal:code_gate"), {"payload": question}).content.decode()
    client.post(reverse("portal:code_gate"), {"payload": question, "here": "yes"})
    at = timezone.now()
    card = IdentityCode.objects.get()
    _reader, made = holding.answer(card, question, at)
    plain = holding.shown_now(card, at)[0].payload

    assert "East gate" in named and "Is this where you are?" in named
    assert read(plain, gate).reason == "answer_needed"
    assert read(made.payload, other).reason == "other_gate"
    assert read(made.payload, gate).verdict == "valid"
    late = verifying.verify(
        holding.answer(card, question, at)[1].payload,
        reader=gate,
        purpose="transit",
        at=at + datetime.timedelta(seconds=21),
    )
    assert late.reason == "expired"


def test_a_citizen_who_scans_reads_valid_and_nothing_more(client):
    who, other = make.account(make.person("张示范")), make.account()
    at = timezone.now()
    code = holding.shown_now(holding.code_of(who, who.person, at), at)[0].payload
    client.force_login(other)

    page = client.post(reverse("portal:code_check"), {"payload": f" {code} "}).content.decode()

    assert "Valid" in page and "张" not in page.split("<main")[1]
    assert CodeCheck.objects.get().fields == []


def test_a_printed_company_code_opens_the_public_page_alone(client):
    boss = make.account()
    firm = make.company(of=boss.person)
    client.force_login(boss)
    sheet = client.get(reverse("portal:code_company_sheet") + f"?of={firm.pk}").content.decode()
    address = re.search(r"/code/company/(\w+)/", sheet)
    client.logout()

    page = client.get(address[0]).content.decode()

    assert firm.name in page and firm.uscc in page
    assert boss.person.name not in page.split("<main")[1]


def test_the_booth_shows_what_a_reader_would_see_and_no_reader_takes_its_code(client):
    hotel = scene("hotel", ["name", "masked_id"])
    page = client.get(reverse("portal:code_trial") + "?scene=hotel").content.decode()
    text = re.search(r'name="payload" value="(TB1:[^"]+)"', page)[1]

    answer = client.post(reverse("portal:code_trial"), {"scene": "hotel", "payload": text}).content.decode()

    assert "林试用" in answer and "A trial" in answer
    assert read(text, reader(hotel)).reason == "trial"
    assert CodeCheck.objects.filter(code__isnull=False).count() == 0


def test_the_clock_of_the_page_knows_where_it_is(client):
    client.force_login(make.account())

    assert 'data-zone="Asia/Shanghai"' in client.get(reverse("portal:code")).content.decode()
