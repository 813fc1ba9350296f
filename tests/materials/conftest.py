import io
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageDraw

from tests.site.product import made_once
from tongban.parties.models import Account, Company, Membership, Person

HOSTILE = Path(__file__).parents[1] / "vectors" / "hostile_uploads"


def uploaded(content: bytes, name: str = "photo.jpg") -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = name
    return file


def picture(form="JPEG", size=(640, 480), colour=(200, 30, 30), mode="RGB", **options) -> bytes:
    to = io.BytesIO()
    Image.new(mode, size, colour).save(to, form, **options)
    return to.getvalue()


def two_halves(size=(400, 300)) -> Image.Image:
    """Red above, blue below: shows which side is up."""
    image = Image.new("RGB", size, (220, 20, 20))
    ImageDraw.Draw(image).rectangle((0, size[1] // 2, size[0], size[1]), fill=(20, 20, 220))
    return image


def saved(image: Image.Image, form: str, **options) -> bytes:
    to = io.BytesIO()
    image.save(to, form, **options)
    return to.getvalue()


def heic(name: str) -> bytes:
    """A phone's picture; kept as a file because no encoder with a free licence exists: `sideways`, `noise`, `small-noise`."""
    return (HOSTILE.parent / "heic" / f"{name}.heic").read_bytes()


def pdf(pages=1, size=(595, 842), words="", change=None, **saving) -> bytes:
    """Each page says its number, drawn by the page's own content."""
    document = pikepdf.new()
    for number in range(1, pages + 1):
        page = document.add_blank_page(page_size=size)
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary({"/A": document.make_indirect(font)}))
        page.Contents = document.make_stream(f"BT /A 40 Tf 60 400 Td ({words or 'Page'} {number}) Tj ET".encode())
    if change:
        change(document)
    to = io.BytesIO()
    document.save(to, **saving)
    return to.getvalue()


@pytest.fixture(scope="session")
def hostile() -> dict[str, bytes]:
    """The corpus, made anew by its own generator: what each must get stands in MANIFEST.json beside it."""

    def make(folder):
        subprocess.run([sys.executable, HOSTILE / "make.py", folder, "--big"], check=True, capture_output=True)

    folder = made_once("hostile-files", make)
    assert (folder / "MANIFEST.json").read_text("utf-8") == (HOSTILE / "MANIFEST.json").read_text("utf-8")
    manifest = json.loads((folder / "MANIFEST.json").read_text("utf-8"))
    return {entry["file"]: (folder / entry["file"]).read_bytes() for entry in manifest}


def person(name="Wang Lin", login="wang", number="1") -> Person:
    made = Person.objects.create(
        name=name, id_kind="id_card", id_no=number, id_index=f"index-{login}", birth_date=date(1990, 1, 2), sex="F",
        nationality="CHN",
    )  # fmt: skip
    Account.objects.create_user(login, "a long pass phrase", person=made, level=2)
    return made


@pytest.fixture
def wang(db) -> Person:
    return person()


@pytest.fixture
def zhang(db) -> Person:
    return person("Zhang Wei", "zhang", "2")


@pytest.fixture
def shop(wang) -> Company:
    made = Company.objects.create(name="Creekside Noodles", uscc="91990000MA00000001", company_kind="limited")
    Membership.objects.create(person=wang, company=made, role="clerk", since=date(2020, 1, 1))
    return made


@pytest.fixture
def own_store(settings, tmp_path) -> Path:
    """A store of this test alone."""
    settings.TONGBAN_VAR = tmp_path
    return tmp_path / "media"
