"""The signed code of a licence on paper, checked without a network: what is accepted, what is not, and how old the answer may be."""

import datetime
import random
from io import BytesIO

import numpy
import pypdfium2
import pytest
from PIL import Image, ImageFilter

from tests import eyes
from tests.licences.papers import ADDRESS, DAY, FACE, NOW, TOKEN, code, mutants, statuses, trust_of
from tests.licences.samples import sheet, types
from tongban.licences import keys, paper, tokens
from tongban.licences.rendering import render_licence


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("keys") / "seals"


@pytest.fixture(scope="module")
def good(directory):
    return code(directory)


@pytest.fixture(scope="module")
def trust(directory, good):
    return trust_of(directory)


def asked(text, trust, known=None, now=NOW):
    answer = paper.check(text, trust, known, now=now)
    return answer.signature, answer.state, answer.reason


def test_a_licence_in_force_is_valid_with_the_face_that_stands_on_paper(good, trust):
    answer = paper.check(good, trust, statuses(), now=NOW + datetime.timedelta(hours=3))

    assert (answer.signature, answer.state, answer.age) == ("good", "valid", datetime.timedelta(hours=3))
    assert answer.code.number.startswith("1.2.156.3005.2.99990000")
    assert answer.code.claims[paper.FACE][0][1] == ["示范区溪畔小馆餐饮有限公司", "Creekside Bistro Cateri…"]


def test_without_its_address_it_is_read_as_well(good, trust):
    assert asked(good.partition("#")[2], trust, statuses()) == ("good", "valid", "")


def test_signature_and_status_are_told_apart_and_an_old_status_is_no_status(good, trust):
    later = NOW + datetime.timedelta(hours=24, minutes=1)

    assert asked(good, trust) == ("good", "unknown", "no_status")
    assert asked(good, trust, statuses(), later) == ("good", "unknown", "status_old")
    assert asked(good, trust, statuses(now=later), later) == ("good", "unknown", "keys_old")


@pytest.mark.parametrize(("says", "state", "reason"), [(code_, *said) for code_, said in paper.SAYS.items()])
def test_what_is_not_in_force_is_known_by_the_list_alone(good, trust, says, state, reason):
    assert asked(good, trust, statuses((paper.status_id(TOKEN), says))) == ("good", state, reason)


@pytest.mark.parametrize(("says", "answer"), [
    (paper.SUSPENDED, ("unknown", "status_old")), (paper.REVOKED, ("not_valid", "revoked")),
])  # fmt: skip
def test_of_an_old_list_only_what_is_never_undone_is_believed(good, trust, says, answer):
    old = statuses((paper.status_id(TOKEN), says), now=NOW - 3 * DAY)

    assert asked(good, trust, old)[1:] == answer


def test_the_calendar_is_known_without_any_list(directory, trust):
    ended, begins = code(directory, valid_to=NOW.date()), code(directory, valid_from=(NOW + DAY).date())

    assert asked(ended, trust, None, NOW)[1:] == ("unknown", "no_status")  # its last day is a day of it
    assert asked(ended, trust, None, NOW + datetime.timedelta(hours=12, minutes=-1))[1:] == ("unknown", "no_status")
    assert asked(ended, trust, None, NOW + datetime.timedelta(hours=12))[1:] == ("not_valid", "expired")
    assert asked(begins, trust, statuses())[1:] == ("not_valid", "not_yet_valid")


def test_a_withdrawn_key_is_asked_for_again_and_other_keys_hold(directory, good):
    other = code(directory, issuer="PSB", kind="residence-permit")
    stolen = keys.create(directory, "AMR", "food-licence", now=NOW)
    lost = code(directory, key=stolen)
    keys.withdraw(directory, stolen.key_id, now=NOW, why="stolen")
    trust = trust_of(directory)

    assert asked(lost, trust, statuses()) == ("key_withdrawn", "unknown", "key_withdrawn")
    assert asked(other, trust, statuses())[1] == asked(good, trust, statuses())[1] == "valid"


def test_old_and_new_keys_hold_together_and_all_keys_of_one_short_id_are_tried(directory, good, trust):
    kid = paper.split(good).kid
    mine = trust.keys[kid]
    stranger = trust_of_other(directory)
    crowded = paper.Trust(trust.issued_at, trust.until, ADDRESS, {kid: [*stranger, *mine, *stranger]})

    assert asked(good, crowded, statuses())[1] == "valid"
    assert asked(good, paper.Trust(NOW, trust.until, ADDRESS, {kid: stranger}), statuses())[0] == "bad_signature"
    assert asked(good, paper.Trust(NOW, trust.until, ADDRESS, {}), statuses())[0] == "unknown_key"


def trust_of_other(directory):
    made = code(directory.parent / "others")
    assert made
    return [key for several in trust_of(directory.parent / "others").keys.values() for key in several]


def test_what_a_key_of_another_department_or_type_signed_is_refused(directory):
    traffic = keys.current(directory, "PSB", "driving-licence", now=NOW)
    forged = code(directory, issuer="AMR", kind="food-licence", key=traffic)

    assert asked(forged, trust_of(directory), statuses())[0] == "other_issuer"


def test_a_statement_signed_outside_the_days_of_its_key_is_refused(directory):
    key = keys.current(directory, "AMR", "food-licence", now=NOW)

    assert asked(code(directory, key=key, now=NOW - DAY), trust_of(directory), statuses())[0] == "key_not_valid_then"


def test_two_genuine_codes_put_together_and_a_foreign_address_are_refused(directory, good, trust):
    other = code(directory, token="another0another0another"[:22])
    put_together = good.partition("#")[0] + "#" + other.partition("#")[2]

    assert asked(other, trust, statuses())[1] == "valid"
    assert asked(put_together, trust, statuses())[0] == "put_together"
    assert asked(good.replace("tongban.example", "tongban.example.evil.test"), trust, statuses())[0] == "put_together"


def test_ten_thousand_mutated_codes_and_not_one_accepted(directory, good):
    codes = [good, code(directory, issuer="PSB", kind="residence-permit", token="another0another0another"[:22])]
    trust, known = trust_of(directory), statuses()
    assert all(paper.check(one, trust, known, now=NOW).signature == "good" for one in codes)  # the control

    accepted = [one for one in mutants(codes, 10_000) if paper.check(one, trust, known, now=NOW).signature == "good"]

    assert accepted == []


@pytest.mark.parametrize("text", [
    "", "TB1:", "TB1:" + "A" * 60, "https://x.test/verify/3vQp7mZkT0eLw2sYxR8bNg", "TB1:" + "_" * 2000, "\x00TB1:" + "A" * 80,
    "https://x.test/verify/3vQp7mZkT0eLw2sYxR8bNg#TB1:" + "g" * 900,
])  # fmt: skip
def test_what_strangers_send_is_unreadable_and_never_an_error(text, trust):
    assert paper.check(text, trust, None, now=NOW).signature == "unreadable"


def test_the_lists_of_the_root_are_believed_as_they_were_signed_and_no_other_way(directory, good):
    _certificate, root = keys.root(directory, now=NOW)
    body = paper.status_list([(paper.status_id(TOKEN), paper.REVOKED)], now=NOW)
    signed = paper.sign_list(body, root)

    assert paper.read_list(signed, root.public_key(), "tongban-licence-status") == body
    head, middle, tail = signed.split(".")
    empty = paper._encode(paper._json(paper.status_list([], now=NOW)))
    none = paper._encode(paper._json({"alg": "none", "typ": "tongban-licence-status+jws"}))
    for forged in (
        f"{head}.{empty}.{tail}",
        f"{none}.{middle}.",
        f"{none}.{middle}.{tail}",
        f"{head}.{middle}",
        "",
        f"{head}.{middle}.{tail[:-4]}",
    ):
        with pytest.raises(paper.NotOurs):
            paper.read_list(forged, root.public_key(), "tongban-licence-status")
    with pytest.raises(paper.NotOurs):  # a list of one kind is not a list of another
        paper.read_list(signed, root.public_key(), "tongban-trust-list")
    _other, stranger = keys.root(directory.parent / "strangers", now=NOW)
    with pytest.raises(paper.NotOurs):
        paper.read_list(paper.sign_list(body, stranger), root.public_key(), "tongban-licence-status")


def test_the_list_of_those_not_in_force_names_nobody_and_leads_back_to_nothing(directory):
    body = paper.status_list([(paper.status_id(TOKEN), paper.REVOKED)], now=NOW)

    assert TOKEN not in str(body) and len(paper._decode(body["entries"])) == 9


# -- on paper


def printed(kind: str, directory) -> tuple[str, Image.Image]:
    """The page of a licence as a printer draws it at 150 dpi, and what its code says."""
    drawn = sheet(kind)
    face = tokens.limited_face(kind, drawn.holder_kind, drawn.face_fields, drawn.face)
    text = code(directory, kind=kind, face=face, address="https://service.demonstration-district.example.gov.cn")
    document = pypdfium2.PdfDocument(render_licence(sheet(kind, verify_url=text)))
    page = document[0]
    picture = page.render(scale=150 / 72).to_pil().convert("RGB")
    page.close()
    document.close()
    return text, picture


def photographed(picture: Image.Image, seed: int) -> Image.Image:
    """As a phone takes it: askew, in perspective, in warm uneven light, a little out of focus, noisy, and as a JPEG."""
    draw = random.Random(seed)
    wide, high = picture.size
    corner = lambda x, y: (x + draw.uniform(-0.03, 0.03) * wide, y + draw.uniform(-0.03, 0.03) * high)  # noqa: E731
    corners = [corner(0, 0), corner(0, high), corner(wide, high), corner(wide, 0)]
    large = picture.resize((wide * 3 // 2, high * 3 // 2), Image.Resampling.BICUBIC)
    askew = large.transform(
        large.size, Image.Transform.QUAD, [1.5 * part for one in corners for part in one], Image.Resampling.BICUBIC,
        fillcolor=(120, 110, 100),
    ).rotate(draw.uniform(-9, 9), Image.Resampling.BICUBIC, fillcolor=(120, 110, 100))  # fmt: skip
    light = numpy.linspace(0.72, 1.05, askew.width)[None, :, None] * numpy.array([1.0, 0.95, 0.84])
    noise = numpy.random.default_rng(seed).normal(0, 7, (askew.height, askew.width, 1))
    pixels = numpy.clip(numpy.asarray(askew.filter(ImageFilter.GaussianBlur(0.8)), dtype=float) * light + noise, 0, 255)
    kept = BytesIO()
    Image.fromarray(pixels.astype("uint8")).save(kept, "JPEG", quality=70)
    return Image.open(kept)


def read_by_zxing(picture: Image.Image) -> list[str]:
    return eyes.codes_in(picture)


@pytest.mark.parametrize("kind", ["food-licence", "residence-permit"])
def test_a_reader_of_others_reads_the_print_at_150_dpi_and_a_phones_photograph_of_it(kind, directory):
    text, page = printed(kind, directory)

    assert read_by_zxing(page) == [text]
    assert read_by_zxing(photographed(page, seed=len(kind))) == [text]


def test_the_code_of_every_type_stays_within_what_can_be_read(directory):
    """Version 16 of the QR code (81 modules) at the most, with the longest address and the fullest face."""
    for kind, one in types().items():
        drawn = sheet(kind)
        face = tokens.limited_face(kind, one["holder"], one["face_fields"], drawn.face)
        text = code(directory, kind=kind, face=face, address="https://service.demonstration-district.example.gov.cn")
        assert len(text) <= 504, kind


def test_no_more_than_the_public_face_stands_in_the_code():
    assert paper.small_face(FACE) == [["operator", ["示范区溪畔小馆餐饮有限公司", "Creekside Bistro Cateri…"]]]
    assert paper.small_face([{"field": "valid_to", "value": "2030-01-01"}, {"field": "photo", "value": "x"}]) == []
    long = paper.small_face([{"field": "scope", "value": "经营范围" * 50}, {"field": "name", "value": "王**"}])
    assert long[0] == ["name", "王**"] and long[1][1].endswith("…")
