import io
import os
import threading
import time
from datetime import date, timedelta

import pikepdf
import pytest
from django.db import connection, connections, transaction
from PIL import Image

from tests.materials.conftest import pdf, picture, saved, two_halves, uploaded
from tongban.journal.actors import Actor
from tongban.journal.models import Event
from tongban.lib.problems import Invalid, NotAllowed, Problem, Unavailable
from tongban.materials import gate, queries, services, store
from tongban.materials.gateways.malware.simulated import EICAR
from tongban.materials.models import Document, Page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_store")]


def photo(colour=(10, 200, 10), name="photo.jpg"):
    return uploaded(picture(colour=colour), name)


def kept(party, *files, **options) -> Document:
    return services.keep(files or [photo()], owner=party, by=party.account, **options)


def orders(document) -> list[int]:
    return list(document.pages.values_list("order", flat=True))


def spoil(name: str) -> None:
    path = store._path(name)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def rows() -> tuple[int, int, int]:
    return Document.objects.count(), Page.objects.count(), Event.objects.count()


# --- keeping


def test_several_photos_and_a_pdf_make_one_document_in_their_order(wang):
    document = kept(
        wang, photo(name="front.jpg"), uploaded(pdf(3), "lease.pdf"), photo((0, 0, 9)), name="Lease 租房合同"
    )

    assert (document.name, document.owner_id, document.by, document.state) == (
        "Lease 租房合同",
        wang.pk,
        wang.account,
        "kept",
    )
    pages = list(document.pages.values_list("order", "mime", "file_page"))
    assert pages == [
        (1, "image/jpeg", 0), (2, "application/pdf", 0), (3, "application/pdf", 1), (4, "application/pdf", 2),
        (5, "image/jpeg", 0),
    ]  # fmt: skip
    assert Event.objects.get().kind == "DocumentKept"


def test_a_document_without_a_name_is_called_by_its_first_file(wang):
    assert kept(wang, photo(name="C:\\fakepath\\id\u202efront.jpg")).name == "idfront.jpg"


def test_what_comes_back_is_the_safe_copy(wang):
    page = kept(wang, uploaded(picture() + b"<script>alert(1)</script>")).pages.get()

    content = queries.open_page(page)

    assert b"<script" not in content and Image.open(io.BytesIO(content)).size == (640, 480) == (page.width, page.height)
    assert queries.preview(page) == queries.Opened("image/jpeg", content, f"{page.document.key}-1.jpeg")


def test_the_same_content_twice_is_two_documents_and_one_file(wang, zhang, own_store):
    first, second = kept(wang), kept(zhang)

    assert first.pk != second.pk
    assert first.pages.get().file == second.pages.get().file
    services.remove(first, by=wang.account)
    _age_files(own_store)
    services.clean()
    assert queries.open_page(second.pages.get())


def test_one_bad_file_among_good_ones_keeps_none_and_says_which(wang):
    with pytest.raises(Invalid) as refused:
        kept(wang, photo(), uploaded(b"MZ" + bytes(99), "run.exe"), photo())

    assert refused.value.code == "program"
    assert "run.exe" in str(refused.value.sentence)
    assert rows() == (0, 0, 0)


def test_several_bad_files_are_all_told_at_once(wang):
    with pytest.raises(Invalid) as refused:
        kept(wang, uploaded(b"", "a.jpg"), photo(), uploaded(b"<svg>", "b.svg"), uploaded(EICAR, "c.txt"))

    assert [name for name in ("a.jpg", "b.svg", "c.txt") if name in str(refused.value.errors["files"])] == [
        "a.jpg", "b.svg", "c.txt",
    ]  # fmt: skip
    assert rows() == (0, 0, 0)


def test_no_file_at_all_is_a_sentence(wang):
    with pytest.raises(Invalid) as refused:
        services.keep([], owner=wang, by=wang.account)

    assert refused.value.code == "no_file"


def test_twenty_pages_are_a_document_and_one_more_is_too_many(wang):
    document = kept(wang, uploaded(pdf(19), "a.pdf"), photo())
    for files in ([photo()], [uploaded(pdf(20), "b.pdf")]):
        with pytest.raises(Invalid) as refused:
            services.add_pages(document, files, by=wang.account)
        assert refused.value.code == "document_too_long"
    with pytest.raises(Invalid) as refused:
        kept(wang, uploaded(pdf(21), "long.pdf"))
    assert (refused.value.code, "20" in str(refused.value.sentence)) == ("too_many_pages", True)
    with pytest.raises(Invalid) as refused:
        kept(wang, *[photo() for _page in range(21)])
    assert refused.value.code == "document_too_long"

    assert orders(document) == list(range(1, 21))


def test_a_file_of_more_than_twenty_megabytes_is_refused_with_the_limit(wang):
    with pytest.raises(Invalid) as refused:
        kept(wang, uploaded(picture() + bytes(services.BYTES_A_FILE), "big.jpg"))

    assert (refused.value.code, refused.value.status) == ("too_big", 413)
    assert "20" in str(refused.value.sentence)


def test_an_owners_room_is_limited_in_documents_and_in_bytes(wang, zhang, monkeypatch):
    monkeypatch.setattr(services, "DOCUMENTS_AN_OWNER", 2)
    kept(wang), kept(wang)
    with pytest.raises(NotAllowed) as refused:
        kept(wang)
    assert refused.value.code == "no_room"

    monkeypatch.setattr(services, "DOCUMENTS_AN_OWNER", 99)
    size = wang.documents.first().pages.get().size
    monkeypatch.setattr(services, "BYTES_AN_OWNER", 2 * size - 1)  # the same file twice counts once
    with pytest.raises(NotAllowed):
        kept(wang)
    assert kept(zhang)


def test_what_the_safe_copy_lacks_is_said_and_stays_known(wang):
    def armed(document):
        document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")

    document = kept(wang, uploaded(pdf(1, change=armed), "a.pdf"))

    assert queries.left_out(document) == [gate.NOTES["script_removed"]]
    assert queries.left_out(kept(wang)) == []


def test_files_are_on_disk_before_the_row_and_a_failed_row_leaves_only_orphans(wang, own_store, monkeypatch):
    def fail(*_args, **_options):
        assert list(own_store.glob("uploads/??/*"))  # stored before the transaction
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(services.journal, "record", fail)
    with pytest.raises(RuntimeError):
        kept(wang)

    assert rows() == (0, 0, 0)
    assert services.clean() == 0  # young: another hand may be about to name them
    _age_files(own_store)
    assert services.clean() == 1
    assert not list(own_store.glob("uploads/??/*"))


def _age_files(folder) -> None:
    then = time.time() - timedelta(days=2).total_seconds()
    for path in folder.glob("uploads/??/*"):
        os.utime(path, (then, then))


def test_cleaning_keeps_what_pages_name(wang, own_store):
    document = kept(wang, uploaded(pdf(2), "a.pdf"))
    _age_files(own_store)

    assert services.clean() == 0
    assert [queries.preview(page).mime for page in document.pages.all()] == ["image/jpeg"] * 2


# --- pages


def test_pages_are_added_taken_away_and_put_in_order(wang):
    document = kept(wang, photo((1, 1, 1)), photo((2, 2, 2)))
    services.add_pages(document, [uploaded(pdf(2), "a.pdf")], by=wang.account)
    one, two, three, four = document.pages.all()

    services.reorder(document, [four.pk, one.pk, three.pk, two.pk], by=wang.account)
    assert [page.pk for page in document.pages.all()] == [four.pk, one.pk, three.pk, two.pk]
    services.remove_page(one, by=wang.account)

    assert [(page.order, page.pk) for page in document.pages.all()] == [(1, four.pk), (2, three.pk), (3, two.pk)]
    assert list(Event.objects.order_by("pk").values_list("kind", flat=True)) == ["DocumentKept"] + 3 * [
        "DocumentChanged"
    ]


def test_an_order_that_does_not_name_every_page_once_changes_nothing(wang):
    document = kept(wang, photo((1, 1, 1)), photo((2, 2, 2)))
    one, two = (page.pk for page in document.pages.all())
    for order in ([], [one], [one, one], [one, two, two], [one, 99999]):
        with pytest.raises(NotAllowed):
            services.reorder(document, order, by=wang.account)

    assert [page.pk for page in document.pages.all()] == [one, two]


def test_the_last_page_stays(wang):
    document = kept(wang)
    with pytest.raises(NotAllowed) as refused:
        services.remove_page(document.pages.get(), by=wang.account)

    assert refused.value.code == "last_page"
    assert orders(document) == [1]


def test_a_turned_page_is_shown_turned_and_four_turns_are_none(wang):
    page = kept(wang, uploaded(saved(two_halves(), "JPEG"))).pages.get()

    page = services.turn(page, by=wang.account)

    for content in (queries.open_page(page), queries.preview(page).content):
        shown = Image.open(io.BytesIO(content))
        assert shown.size == (300, 400) == queries.shown_size(page)
        red, _green, blue = shown.getpixel((280, 200))
        assert red > 150 > blue
    assert services.turn(page, by=wang.account, degrees=-90).turned == 0
    assert services.turn(page, by=wang.account, degrees=360).turned == 0


def test_a_page_of_a_pdf_is_opened_alone_also_when_others_were_removed(wang):
    document = kept(wang, uploaded(pdf(2), "a.pdf"))
    first, second = document.pages.all()
    services.remove_page(second, by=wang.account)
    first = services.turn(first, by=wang.account)

    with pikepdf.open(io.BytesIO(queries.open_page(first))) as opened:
        assert len(opened.pages) == 1 and opened.pages[0].rotation == 90
        everything = [thing.read_bytes() for thing in opened.objects if isinstance(thing, pikepdf.Stream)]
    assert any(b"(Page 1)" in content for content in everything)
    assert not any(b"(Page 2)" in content for content in everything)


def test_a_missing_preview_is_drawn_when_somebody_looks_and_can_be_kept(wang, monkeypatch):
    monkeypatch.setattr(gate, "Limits", lambda **_options: _ReadyLimits(preview_seconds=0))
    page = kept(wang, uploaded(pdf(1), "a.pdf")).pages.get()
    monkeypatch.undo()
    page.refresh_from_db()
    assert page.preview == ""

    shown = queries.preview(page)
    services.prepare_preview(page)

    assert store.get(page.preview) == shown.content
    page.refresh_from_db()
    assert page.preview


_ReadyLimits = gate.Limits


# --- handed in


def test_what_was_handed_in_is_evidence_and_no_hand_changes_it(wang):
    document = kept(wang, photo((1, 1, 1)), photo((2, 2, 2)))
    actor = Actor("applicant", "applicant", account=wang.account.pk, party=wang.pk)
    services.hand_in(document, actor=actor)
    services.hand_in(document, actor=actor)  # in a second case
    page = document.pages.first()
    before = list(document.pages.values())

    for change in (
        lambda: services.add_pages(document, [photo()], by=wang.account),
        lambda: services.remove_page(page, by=wang.account),
        lambda: services.turn(page, by=wang.account),
        lambda: services.reorder(document, [p.pk for p in document.pages.all()][::-1], by=wang.account),
        lambda: services.rename(document, "other", by=wang.account),
        lambda: services.remove(document, by=wang.account),
        lambda: services.send_again(page, photo((9, 9, 9)), by=wang.account),
    ):
        with pytest.raises(NotAllowed):
            change()

    assert list(document.pages.values()) == before
    assert Event.objects.filter(kind="DocumentHandedIn").count() == 1
    fresh = services.copy(document, by=wang.account)
    services.remove_page(fresh.pages.first(), by=wang.account)
    assert orders(fresh) == [1] and list(document.pages.values()) == before


def test_a_removed_document_is_gone_with_its_files(wang, own_store):
    document = kept(wang)

    services.remove(document, by=wang.account)

    assert list(queries.of(wang)) == []
    _age_files(own_store)
    services.clean()
    assert not list(own_store.glob("uploads/??/*"))
    with pytest.raises(NotAllowed):
        services.hand_in(document, actor=Actor("applicant", "applicant"))


# --- seeing


def test_people_see_their_own_documents_and_those_of_companies_they_act_for_today(wang, zhang, shop):
    own = kept(wang)
    shops = services.keep([photo()], owner=shop, by=wang.account)
    services.keep([photo()], owner=zhang, by=zhang.account)

    assert list(queries.visible_to(wang.account)) == [shops, own]
    assert list(queries.of(shop)) == [shops]
    assert {page.document_id for page in queries.pages_visible_to(wang.account)} == {own.pk, shops.pk}
    shop.memberships.update(until=date(2026, 1, 1))
    assert list(queries.visible_to(wang.account, today=date(2026, 1, 2))) == [own]
    assert list(queries.visible_to(wang.account, today=date(2026, 1, 1))) == [shops, own]


def test_a_list_of_documents_costs_the_same_for_one_and_for_three(wang, django_assert_num_queries):
    for _document in range(3):
        kept(wang)
        with django_assert_num_queries(2):
            assert all(list(document.pages.all()) for document in queries.of(wang))


# --- storage that rots


def test_a_damaged_page_is_found_told_put_on_record_and_repaired_by_sending_it_again(wang):
    document = kept(wang, photo((1, 1, 1)), photo((2, 2, 2)), name="Lease")
    services.hand_in(document, actor=Actor("applicant", "applicant"))
    first, second = document.pages.all()
    spoil(second.file)

    with pytest.raises(Problem) as told:
        queries.open_page(second)
    assert (told.value.code, told.value.status) == ("page_damaged", 410)
    assert "2" in str(told.value.sentence) and "Lease" in str(told.value.sentence) and str(told.value.next_step)
    assert services.check_files() == [second]
    assert Event.objects.get(kind="PageFoundDamaged").payload == {"document": document.pk, "page": second.pk}

    services.send_again(second, photo((2, 2, 2)), by=wang.account)

    assert queries.open_page(second) and services.check_files() == []
    assert queries.open_page(first)


def test_a_damaged_preview_alone_is_drawn_again(wang):
    page = kept(wang, uploaded(pdf(1), "a.pdf")).pages.get()
    before = queries.preview(page)
    spoil(page.preview)

    assert queries.preview(page) == before


def test_a_page_not_yet_handed_in_may_be_sent_again_as_a_better_photo(wang):
    document = kept(wang, photo((1, 1, 1)), photo((2, 2, 2)))
    page = services.turn(document.pages.last(), by=wang.account)

    page = services.send_again(page, photo((9, 9, 9)), by=wang.account)

    assert (page.order, page.turned) == (2, 0)
    assert Image.open(io.BytesIO(queries.open_page(page))).getpixel((0, 0)) == (9, 9, 9)
    with pytest.raises(Invalid):
        services.send_again(page, uploaded(pdf(2), "two.pdf"), by=wang.account)


def test_when_nothing_can_be_drawn_the_page_says_try_again(wang, monkeypatch):
    page = services.turn(kept(wang).pages.get(), by=wang.account)
    monkeypatch.setattr(gate, "one_page", lambda *_args: None)

    for ask in (queries.open_page, queries.preview):
        with pytest.raises(Unavailable):
            ask(page)


# --- many hands


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_people_uploading_at_once_all_keep_what_they_sent(wang):
    kept_by, problems = {}, []

    def keep(hand):
        try:
            kept_by[hand] = kept(wang, photo((hand * 20, 0, 0)), photo((0, hand * 20, 0)))
        except Exception as problem:  # told by the assertion below
            problems.append(problem)
        finally:
            connections.close_all()

    _together(keep, 8)

    assert problems == []
    for hand, document in kept_by.items():
        red = Image.open(io.BytesIO(queries.open_page(document.pages.first()))).getpixel((0, 0))[0]
        assert abs(red - hand * 20) <= 3
        assert orders(document) == [1, 2]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_hands_adding_pages_at_once_never_pass_the_limit_nor_share_a_place(wang):
    document = kept(wang, uploaded(pdf(16), "a.pdf"))
    refused = []

    def add(hand):
        try:
            services.add_pages(document, [photo((hand, 0, 0)), photo((0, hand, 0))], by=wang.account)
        except Invalid as problem:
            refused.append(problem.code)
        finally:
            connections.close_all()

    _together(add, 4)

    assert orders(document) == list(range(1, 21))
    assert refused == ["document_too_long"] * 2


def _together(act, hands: int) -> None:
    threads = [threading.Thread(target=act, args=(hand,)) for hand in range(1, hands + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_nothing_is_looked_at_inside_a_transaction(wang, monkeypatch):
    seen, examine = [], gate.examine

    def watched(*args, **options):
        seen.append(connection.in_atomic_block and connection.savepoint_ids != [])
        return examine(*args, **options)

    monkeypatch.setattr(gate, "examine", watched)
    depth = len(connection.savepoint_ids)
    kept(wang)

    assert seen == [False] and len(connection.savepoint_ids) == depth
    with transaction.atomic():  # negative control: inside one it would be seen
        kept(wang)
    assert seen == [False, True]
