"""Storage rots in silence: every flipped byte is found, at the next read and by the duty; the case waits and its sender is asked."""

import io
import os
import random
import re

import pytest
from PIL import Image

from tests import make
from tests.cases.ways import work
from tests.doors import enter
from tongban.cases import damage
from tongban.cases import services as cases
from tongban.cases.models import CaseMaterial
from tongban.journal.actors import Actor
from tongban.journal.models import Event, Job
from tongban.lib.problems import NotAllowed, Problem
from tongban.licences import services as licences
from tongban.licences.models import Licence
from tongban.materials import queries, services, store
from tongban.materials.models import Page
from tongban.matters.models import MaterialType
from tongban.notices.models import Dispatch, Message

pytestmark = pytest.mark.django_db
FLIPS = int(os.environ.get("TONGBAN_FLIPS", "60"))


@pytest.fixture(autouse=True)
def own_store(settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path


def photo(shade: int = 0) -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (40 + shade, 48), (90, 120, 150)).save(file, "JPEG")
    file.seek(0)
    file.name = "lease.jpg"
    return file


def flip(name: str, choice: random.Random) -> None:
    path = store._path(name)
    content = bytearray(path.read_bytes())
    content[choice.randrange(len(content))] ^= 1 << choice.randrange(8)
    path.write_bytes(content)


def with_paper(state: str):
    """A case in a state, with one uploaded paper of two pages handed in."""
    row = make.case(state)
    document = services.keep([photo(1), photo(2)], owner=row.applicant, by=row.account, name="租赁合同")
    services.hand_in(document, actor=Actor("applicant", "applicant"))
    kind = MaterialType.objects.create(slug="lease", name={"zh": "租赁合同", "en": "Lease"})
    CaseMaterial.objects.create(case=row, type=kind, how="upload", document=document)
    return row, document


def test_every_flipped_bit_is_found_by_reading_and_by_the_duty():
    choice = random.Random(21)
    owner = make.account()
    documents = [
        services.keep([photo(number * 20 + page) for page in range(20)], owner=owner.person, by=owner)
        for number in range(-(-FLIPS // 20))
    ]
    pages = list(Page.objects.filter(document__in=documents).select_related("document").order_by("pk"))
    harmed = sorted(choice.sample(pages, min(FLIPS, len(pages)) - 5), key=lambda page: page.pk)
    for page in harmed:
        flip(page.file, choice)

    found_by_reading = []
    for page in pages:
        try:
            queries.open_page(page)
        except Problem as problem:
            assert (problem.code, problem.status) == ("page_damaged", 410)
            found_by_reading.append(page)
    while services.look_at_some() >= services.AT_LEAST_A_TURN:
        pass
    found_by_duty = list(Page.objects.filter(damaged_at__isnull=False).order_by("pk"))

    print(f"\n{len(harmed)} flips: {len(found_by_reading)} found at reading, {len(found_by_duty)} by the duty")
    assert found_by_reading == harmed
    assert found_by_duty == harmed
    assert Event.objects.filter(kind="PageFoundDamaged").count() == len(harmed)


def test_control_without_its_seal_and_sum_a_flipped_bit_would_be_shown(monkeypatch):
    """If reading compared nothing, the page above would come back changed and nobody would know."""
    owner = make.account()
    page = services.keep([photo()], owner=owner.person, by=owner).pages.get()
    content = bytearray(store.get(page.file))
    content[-3] ^= 1
    monkeypatch.setattr(store, "_opened_pieces", lambda raw, name: iter([bytes(content)]))
    monkeypatch.setattr(store, "name_of", lambda content, shelf: page.file)
    with pytest.raises(store.Damaged):
        store.get(page.file, sha256=page.sha256)  # the sum in the row still sees it
    Page.objects.update(sha256="")

    assert store.get(page.file) == bytes(content)


def test_the_case_waits_its_sender_is_asked_in_both_languages_and_a_new_photo_lets_it_go_on(client):
    row, document = with_paper("under_review")
    second = document.pages.last()
    flip(second.file, random.Random(1))
    reviewer = make.officer("dept_reviewer", of=row.department)

    with pytest.raises(Problem):
        queries.open_page(second)  # an officer opens it
    work()

    told = Message.objects.get(kind="page_damaged")
    assert (told.account, told.needs_answer, told.link) == (row.account, True, f"/my/cases/{row.ref}/")
    assert "第2页" in told.body["zh"] and "租赁合同" in told.body["zh"] and "Page 2" in told.body["en"]
    assert Dispatch.objects.filter(message=told).exists()
    with pytest.raises(NotAllowed) as waits:
        cases.conclude(row, officer=reviewer, proposal="approve", opinion="in order")
    assert waits.value.code == "page-damaged"

    enter(client, row.account, present=True)
    client.cookies["language"] = "en"
    shown = client.get(f"/my/cases/{row.ref}/").content.decode()
    assert "Please send one page again" in shown and "Page 2 of “租赁合同”" in shown
    address = re.search(r'action="(/my/papers/[^"]+/again)"', shown)[1]
    nothing = client.post(address)
    assert nothing.status_code == 422 and "No file was chosen." in nothing.content.decode()
    sent = client.post(address, {"file": photo(99)})  # the paper photographed anew: other bytes than then
    assert (sent.status_code, sent["location"]) == (302, f"/my/cases/{row.ref}/")

    assert list(damage.pages(row)) == []
    assert "Please send one page again" not in client.get(f"/my/cases/{row.ref}/").content.decode()
    assert queries.open_page(document.pages.last())
    assert cases.conclude(row, officer=reviewer, proposal="approve", opinion="in order").opinion == "in order"
    assert Message.objects.filter(kind="page_damaged").count() == 1


def test_the_officer_sees_that_the_case_waits_for_a_page(client):
    row, document = with_paper("under_review")
    flip(document.pages.first().file, random.Random(2))
    services.check_files([document])
    enter(client, make.officer("dept_reviewer", of=row.department).account)
    client.cookies["language"] = "en"

    page = client.get(f"/office/cases/{row.ref}/").content.decode()

    assert "This case waits for a page" in page and "Page 1 of “租赁合同”" in page


def test_a_whole_page_of_a_paper_handed_in_is_still_not_exchanged():
    row, document = with_paper("under_review")

    with pytest.raises(NotAllowed):
        services.send_again(document.pages.first(), photo(99), by=row.account)


def test_found_again_it_is_told_once_and_repaired_and_damaged_anew_it_is_told_again():
    row, document = with_paper("accepted")
    page = document.pages.first()
    flip(page.file, random.Random(3))
    for _time in range(3):
        services.check_files()
        work()
    assert Message.objects.filter(kind="page_damaged").count() == 1

    services.send_again(page, photo(1), by=row.account)
    assert services.check_files() == [] and list(damage.pages(row)) == []


def test_a_damaged_file_of_a_licence_is_sealed_again():
    make.licence_type("residence-permit")
    matter = make.matter(result={"kind": "e_licence", "ref": "residence-permit"})
    make.case("approved", matter)
    work()
    licence = Licence.objects.get()
    assert licences.open_pdf(licence).startswith(b"%PDF")
    flip(licence.pdf, random.Random(4))
    licences.look_at_some()
    assert Job.objects.filter(kind=licences.MEND, state=Job.WAITING).count() == 1
    work()

    licence.refresh_from_db()
    assert licences.open_pdf(licence).startswith(b"%PDF")
    assert licences.trouble_with(licence) == ""
