"""Documents read by machine in the worker: page by page, in a child with walls, kept sealed; failing costs nobody anything."""

import os
import signal
import threading
import time

import pytest
from django.db import connection
from django.utils import timezone

from tests.materials import papers
from tests.materials.conftest import pdf, picture, uploaded
from tongban.journal import services as journal
from tongban.journal.models import Event, Job, Topic
from tongban.materials import checks, queries, services
from tongban.materials.models import Document, Reading
from tongban.materials.reading import desk
from tongban.materials.reading import services as reading
from tongban.materials.reading.desk import Broken, Desk, Limits

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_store")]

QUALITY = {"blurred": False, "dark": False, "cut": False, "too_small": False, "empty": False, "skew": 0.0}


def answer(*texts) -> dict:
    """What the child would say of a page with these lines."""
    lines = [
        {
            "text": text,
            "confidence": 0.99,
            "box": [0.1, 0.1 + 0.04 * place, 0.5, 0.02],
            "flat": [0.1, 0.1 + 0.04 * place, 0.5, 0.02],
        }
        for place, text in enumerate(texts)
    ]
    return {"lines": lines, "quality": dict(QUALITY), "engine": "told", "peak": 0, "cpu": 0.0}


LEASE = (
    answer("房屋租赁合同", "甲方:欧阳示范", "乙方:王演练", "身份证号:990000199611201013"),
    answer("租赁期限:2025年5月4日至2026年5月3日", "签订日期:2025年4月28日"),
)


@pytest.fixture
def told(settings, monkeypatch):
    """A desk that answers what the test puts on it, instead of a child."""
    settings.READING = "on"
    answers = []

    class Told:
        asked = 0

        def read(self, content, **place):
            self.asked += 1
            said = answers.pop(0)
            if isinstance(said, Exception):
                raise said
            return said

    told = Told()
    told.answers = answers
    monkeypatch.setattr(desk, "desk", told)
    monkeypatch.setattr(desk, "installed", lambda: True)
    return told


@pytest.fixture(scope="module")
def one_child():
    own = Desk()
    yield own
    own.close()


@pytest.fixture
def real(settings, monkeypatch, one_child):
    """The real engine; its child is shared, because starting it takes a second."""
    settings.READING = "on"
    one_child.limits = Limits(idle_seconds=60)
    monkeypatch.setattr(desk, "desk", one_child)
    return one_child


def kept(party, *files) -> Document:
    return services.keep(files or [uploaded(picture())], owner=party, by=party.account)


def two_pages(party) -> Document:
    return kept(party, uploaded(picture()), uploaded(picture(colour=(1, 2, 3))))


def work(*, at_most=20) -> int:
    Job.objects.filter(state=Job.WAITING).update(run_at=timezone.now())
    return journal.work_once(limit=at_most)


def work_all() -> None:
    while work():
        pass


# --- asking


def test_asking_a_second_time_changes_nothing(wang):
    document = kept(wang)

    first, second = services.ask_reading(document), services.ask_reading(document)

    assert first == second == queries.reading_of(document)
    assert (first.state, first.pages_total, first.pages_done) == ("waiting", 1, 0)
    assert Job.objects.filter(kind="materials.read_page").count() == 1


def test_a_document_nobody_asked_about_has_no_reading(wang):
    assert queries.reading_of(kept(wang)) is None


# --- progress and result


def test_progress_is_kept_and_told_page_by_page(wang, told):
    document = two_pages(wang)
    services.ask_reading(document)
    told.answers[:] = LEASE

    work(at_most=1)
    halfway = queries.reading_of(document)
    news = Topic.objects.get(name=f"document:{document.pk}").version
    work_all()
    done = queries.reading_of(document)

    assert (halfway.state, halfway.pages_done, halfway.pages_total) == ("running", 1, 2)
    assert (done.state, done.pages_done, done.error) == ("done", 2, "")
    assert Topic.objects.get(name=f"document:{document.pk}").version > news
    assert [line["page"] for line in done.lines] == [1, 1, 1, 1, 2, 2]
    assert [page["page"] for page in done.quality] == [1, 2]
    assert Event.objects.filter(kind="DocumentRead").count() == 1


def test_kind_and_values_come_from_all_pages_together(wang, told):
    document = two_pages(wang)
    services.ask_reading(document)
    told.answers[:] = LEASE

    work_all()
    done = queries.reading_of(document)

    assert done.kind == "addr-rent"
    assert done.kind_confidence > 0.8
    assert {name: (value["value"], value["page"]) for name, value in done.values.items()} == {
        "landlord": ("欧阳示范", 1),
        "tenant": ("王演练", 1),
        "id_no": ("990000199611201013", 1),
        "valid_from": ("2025-05-04", 2),
        "valid_to": ("2026-05-03", 2),
        "signed_on": ("2025-04-28", 2),
    }


def test_nothing_that_was_read_stands_open_in_the_database(wang, told):
    document = two_pages(wang)
    services.ask_reading(document)
    told.answers[:] = LEASE
    work_all()

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM materials_reading")
        reading_row = str(cursor.fetchall())
        cursor.execute("SELECT * FROM journal_event")
        events = str(cursor.fetchall())
        cursor.execute("SELECT * FROM journal_job")
        jobs = str(cursor.fetchall())

    assert "addr-rent" in reading_row  # the row is there, and this is how open text would look
    for planted in ("990000199611201013", "王演练", "欧阳示范", "2025-05-04"):
        assert planted not in reading_row + events + jobs
        assert planted.encode("unicode_escape").decode() not in reading_row + events + jobs


# --- pages change


def test_changed_pages_are_read_anew_and_what_was_read_is_forgotten(wang, told):
    document = two_pages(wang)
    services.ask_reading(document)
    told.answers[:] = LEASE
    work_all()

    services.turn(document.pages.first(), by=wang.account)
    forgotten = queries.reading_of(document)
    told.answers[:] = LEASE
    work_all()

    assert (forgotten.state, forgotten.lines, forgotten.values, forgotten.kind) == ("waiting", [], {}, "")
    assert queries.reading_of(document).state == "done"
    assert told.asked == 4


def test_an_answer_about_pages_that_changed_meanwhile_is_not_kept(wang, told):
    document = two_pages(wang)
    services.ask_reading(document)
    old = queries.reading_of(document)

    services.remove_page(document.pages.last(), by=wang.account)
    told.answers[:] = [LEASE[0]]
    reading.read_page(document.pk, old.round)

    assert told.asked == 0
    assert queries.reading_of(document).pages_done == 0


def test_a_new_name_does_not_make_it_read_anew(wang, told):
    document = two_pages(wang)
    services.ask_reading(document)
    told.answers[:] = LEASE
    work_all()

    services.rename(document, "Our lease", by=wang.account)

    assert queries.reading_of(document).state == "done"


def test_a_copy_says_what_the_original_says(wang, told):
    document = two_pages(wang)
    services.ask_reading(document)
    told.answers[:] = LEASE
    work_all()

    copied = services.copy(document, by=wang.account)

    assert queries.reading_of(copied).values == queries.reading_of(document).values
    assert services.ask_reading(copied).state == "done"


def test_with_the_document_goes_what_was_read_of_it(wang, told):
    document = kept(wang)
    services.ask_reading(document)
    told.answers[:] = [LEASE[0]]
    work_all()

    services.remove(document, by=wang.account)

    assert not Reading.objects.exists()


# --- failing


def test_a_page_that_breaks_the_reader_is_tried_three_times_and_no_more(wang, told):
    document = kept(wang)
    services.ask_reading(document)
    told.answers[:] = [Broken("too slow")] * 9

    work_all()
    failed = queries.reading_of(document)

    assert (failed.state, failed.error) == ("failed", "broke")
    assert told.asked == 3
    assert Event.objects.filter(kind="DocumentRead").count() == 1  # whoever waits for it hears that nothing comes
    assert not Job.objects.filter(kind="materials.read_page", state=Job.PARKED).exists()


def test_a_worker_that_dies_on_a_page_again_and_again_gives_up_on_it(wang, told):
    document = kept(wang)
    services.ask_reading(document)
    Reading.objects.update(state="running", begun=12)  # so many workers began with it, none came back

    work_all()

    assert queries.reading_of(document).state == "failed"
    assert told.asked == 0


def test_a_worker_that_is_stopped_in_the_middle_of_a_page_is_no_try(wang, told):
    """Six stops and one broken reading: the page is still read, and one break is counted."""
    document = kept(wang)
    services.ask_reading(document)
    Reading.objects.update(state="running", begun=6)
    told.answers[:] = [Broken("the child died"), Broken("again"), LEASE[0]]

    work_all()

    done = queries.reading_of(document)
    assert (done.state, done.tries, done.begun) == ("done", 0, 0)


def test_one_broken_page_is_read_at_the_second_try(wang, told):
    document = kept(wang)
    services.ask_reading(document)
    told.answers[:] = [Broken("the child died"), LEASE[0]]

    work_all()

    assert queries.reading_of(document).state == "done"


@pytest.mark.parametrize(("switch", "there", "why"), [("off", True, "switched_off"), ("on", False, "not_installed")])
def test_without_a_reader_a_reading_says_that_it_is_not_possible(wang, settings, monkeypatch, switch, there, why):
    settings.READING = switch
    monkeypatch.setattr(desk, "installed", lambda: there)
    document = kept(wang)
    services.ask_reading(document)

    work_all()
    found = queries.reading_of(document)

    assert (found.state, found.error) == ("not_possible", why)
    assert str(found.why)


def test_the_check_names_a_reader_that_is_wanted_but_not_installed(settings, monkeypatch):
    settings.READING = "on"
    monkeypatch.setattr(desk, "installed", lambda: False)
    missing = checks.reading()
    settings.READING = "off"
    unwanted = checks.reading()

    assert ["requirements/reading.lock" in sentence for sentence in missing] == [True]
    assert unwanted == []


# --- beside other errands


def test_reading_never_stands_before_other_errands(wang, told):
    document = kept(wang)
    services.ask_reading(document)
    waiting = Job.objects.filter(kind="materials.read_page", state=Job.WAITING)
    told.answers[:] = [LEASE[0]]

    while journal.work_once(slow=False):
        pass
    left_alone = waiting.count()
    journal.work_once(slow=True)

    assert left_alone == 1
    assert queries.reading_of(document).state == "done"


# --- the child


def paper(made: papers.Paper):
    return uploaded(papers.as_file(made), "paper.png" if made.how == "clean" else "paper.jpg")


def test_photographed_and_scanned_papers_are_read_end_to_end(wang, real):
    lease, card = papers.lease(0), papers.scanned(papers.id_card_front(1), 5)
    passport = papers.photographed(papers.passport(0), 1)
    documents = [kept(wang, paper(one)) for one in (papers.photographed(lease, 2), card, passport)]
    for document in documents:
        services.ask_reading(document)

    work_all()
    found = [queries.reading_of(document) for document in documents]

    assert [one.state for one in found] == ["done"] * 3
    assert [one.kind for one in found] == ["addr-rent", "id-card", "passport"]
    for one, truth in zip(found, (lease, card, passport), strict=True):
        assert {name: one.values[name]["value"] for name in truth.values} == truth.values
    assert found[1].quality[0]["turned"] == 90
    left, top, wide, tall = found[1].values["id_no"]["box"]  # the card was put in sideways: so is the number on it
    assert tall > wide
    assert 0 <= left <= 1 and 0 <= top <= 1 and left + wide <= 1.01 and top + tall <= 1.01


def test_a_text_layer_is_read_without_looking_but_what_nobody_can_see_is_not(wang, real):
    words = "Lease agreement number seven"
    visible = real.read(pdf(1, words=words), mime="application/pdf")
    hidden = real.read(_hidden(words), mime="application/pdf")

    assert (visible["engine"], visible["lines"][0]["text"]) == ("text layer", f"{words} 1")
    assert visible["lines"][0]["confidence"] < 0.98
    assert hidden["lines"] == []


def _hidden(words) -> bytes:
    """White letters on white paper."""

    def in_white(document):
        page = document.pages[0]
        page.Contents = document.make_stream(b"1 1 1 rg " + page.Contents.read_bytes())

    return pdf(1, words=words, change=in_white)


def test_the_child_has_walls_and_leaves_when_it_is_not_needed(real):
    real.limits = Limits(idle_seconds=0.2)
    real.read(picture(), mime="image/jpeg")
    child, held = real.child, real.held
    until = time.monotonic() + 20
    while os.path.exists(f"/proc/{child}") and time.monotonic() < until:
        time.sleep(0.05)

    assert {"memory", "cpu"} <= held
    assert child is not None
    assert real.child is None
    assert not os.path.exists(f"/proc/{child}")


def test_a_killed_child_is_told_and_the_next_page_is_read(real):
    real.read(picture(), mime="image/jpeg")
    os.kill(real.child, signal.SIGKILL)

    with pytest.raises(Broken):
        real.read(picture(), mime="image/jpeg")

    assert real.read(picture(), mime="image/jpeg")["quality"]["empty"]


def test_a_child_that_hangs_is_ended(real):
    real.read(picture(), mime="image/jpeg")
    real.limits = Limits(seconds=0.3)
    os.kill(real.child, signal.SIGSTOP)

    with pytest.raises(Broken, match="too slow|does not listen"):
        real.read(picture(), mime="image/jpeg")

    assert real.child is None


def test_a_child_is_replaced_after_so_many_pages(real):
    real.close()
    real.limits = Limits(pages=2)
    children = set()
    for _page in range(3):
        real.read(picture(), mime="image/jpeg")
        children.add(real.child)

    assert len(children - {None}) == 2


def test_what_is_no_picture_is_told_and_harms_nothing(real):
    with pytest.raises(Broken):
        real.read(b"\x89PNG\r\n\x1a\n but then nothing", mime="image/png")


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"lines": "no list", "quality": {}, "engine": "x"},
        {
            "lines": [{"text": "x", "confidence": "high", "box": [0, 0, 1, 1], "flat": [0, 0, 1, 1]}],
            "quality": {},
            "engine": "x",
        },
        {
            "lines": [{"text": "x", "confidence": 1, "box": [0, 0, 1], "flat": [0, 0, 1, 1]}],
            "quality": {},
            "engine": "x",
        },
    ],
)
def test_an_answer_that_our_child_would_not_give_is_none(said):
    with pytest.raises(Broken):
        desk.checked(said)


def test_quality_says_what_is_wrong_with_a_picture(real):
    card = papers.health_certificate(0)
    found = {
        spoil.__name__: real.read(papers.as_file(spoil(card)), mime="image/jpeg")["quality"]
        for spoil in (papers.blurred, papers.darkened, papers.cut_off, papers.small)
    }
    fine = real.read(papers.as_file(card), mime="image/png")["quality"]

    assert found["blurred"]["blurred"] or found["blurred"]["empty"]
    assert found["darkened"]["dark"]
    assert found["cut_off"]["cut"]
    assert found["small"]["too_small"]
    assert not any(fine[name] for name in ("blurred", "dark", "cut", "too_small", "empty", "leaning"))


def test_only_one_page_is_on_the_desk_at_a_time(real):
    answers = [real.read(picture(), mime="image/jpeg")]  # the child lives as long as the thread that started it
    several = [
        threading.Thread(target=lambda: answers.append(real.read(picture(), mime="image/jpeg"))) for _ in range(3)
    ]
    for one in several:
        one.start()
    for one in several:
        one.join()

    assert len(answers) == 4
