import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageCms

from tests.materials.conftest import HOSTILE, heic, pdf, picture, saved, two_halves, uploaded
from tongban.materials import gate
from tongban.materials.gateways.malware.simulated import EICAR, MAKES_IT_GO_AWAY, Simulated

MANIFEST = json.loads((HOSTILE / "MANIFEST.json").read_text("utf-8"))

# What each hostile file gets here, where the manifest leaves a choice: the code of the refusal, or the kind kept.
VERDICTS = {
    "ok.png": "image/png", "ok.jpg": "image/jpeg", "ok.webp": "image/png", "ok.pdf": "application/pdf",
    "gps.jpg": "image/jpeg", "rotated.jpg": "image/jpeg", "script_as.png": "web_page", "exe_as.pdf": "program",
    "pdf_as.jpg": "application/pdf", "empty.pdf": "empty", "one_byte.jpg": "unknown_kind", "truncated.jpg": "damaged",
    "truncated.pdf": "damaged", "script.svg": "web_page", "xxe.svg": "web_page", "billion_laughs.xml": "web_page",
    "jpg_html.jpg": "image/jpeg", "jpg_zip.jpg": "image/jpeg", "gif_js.gif": "other_picture",
    "pdf_zip.pdf": "application/pdf", "html_pdf.pdf": "web_page", "bomb_30k.png": "too_many_pixels",
    "bomb_hdr.png": "damaged", "bomb.zip": "archive", "bomb.xlsx": "office", "slip.zip": "archive",
    "frames5000.gif": "other_picture", "pages3000.tif": "other_picture", "pages3000.pdf": "too_many_pages",
    "huge_page.pdf": "page_size", "js.pdf": "application/pdf", "launch.pdf": "starts_programs",
    "uri.pdf": "application/pdf", "embedded.pdf": "application/pdf", "encrypted.pdf": "password",
    "cyclic.pdf": "damaged", "flate_bomb.pdf": "unpacks_too_big", "..%2f..%2fetc%2fpasswd.png": "image/png",
    "a\u202egnp.exe.png": "image/png", "名" * 80 + ".png": "image/png", "con.png": "image/png",
    "x;rm -rf ~.png": "image/png", "=cmd|' calc'!A0.png": "image/png", "eicar.txt": "infected", "ole.doc": "office",
    "macro.docm": "office", "big.jpg": "too_big",
}  # fmt: skip


def examined(content: bytes, name="file", **options) -> gate.Accepted | gate.Refused:
    return gate.examine(uploaded(content), name=name, **options)


def verdict(found) -> str:
    return found.mime if isinstance(found, gate.Accepted) else found.code


def opened(found: gate.Accepted) -> Image.Image:
    return Image.open(io.BytesIO(found.content))


# --- the corpus


def test_the_manifest_and_our_verdicts_speak_of_the_same_47_files():
    assert [entry["file"] for entry in MANIFEST] == list(VERDICTS)
    assert len(VERDICTS) == 47


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["file"][:24].encode("unicode_escape").decode())
def test_every_hostile_file_gets_what_its_manifest_says(entry, hostile, record_property):
    began = time.monotonic()

    found = examined(hostile[entry["file"]], entry["file"], scanner=Simulated())

    record_property("seconds", round(time.monotonic() - began, 3))
    record_property("largest_child_mb", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
    assert verdict(found) == VERDICTS[entry["file"]]
    if entry["expect"].startswith("accept"):
        assert isinstance(found, gate.Accepted)
    elif entry["expect"].startswith("refuse") and " or " not in entry["expect"]:
        assert isinstance(found, gate.Refused)
    if isinstance(found, gate.Refused):
        assert len(str(found.sentence)) > 5 and "%(" not in str(found.sentence)
        assert len(str(found.next_step)) > 5
    else:
        for trace in (
            b"<script",
            b"PK\x03\x04",
            b"JavaScript",
            b"EmbeddedFile",
            b"a.exe",
            b"beacon",
            b"SecretCam",
            b"Exif",
        ):
            assert trace not in found.content


def test_a_file_that_is_too_big_is_refused_while_reading_and_not_after():
    class Endless:
        given = 0

        def read(self, size):
            self.given += size
            return b"\xff\xd8\xff" + b"0" * (size - 3)

    source = Endless()

    found = gate.examine(source, name="endless.jpg")

    assert verdict(found) == "too_big"
    assert source.given <= gate.Limits().bytes + gate.PIECE


def test_refusals_name_the_file_and_say_what_to_do_next():
    found = examined(b"MZ" + bytes(100), "C:\\bills\\run\u202efdp.exe")

    assert str(found.sentence).count("runfdp.exe") == 1
    assert "\u202e" not in str(found.sentence) and "bills" not in str(found.sentence)
    problem = found.as_problem()
    assert (problem.code, problem.status, problem.next_step) == ("program", 422, found.next_step)


def test_every_reason_and_note_of_the_reader_has_its_sentence():
    import ast

    tree = ast.parse(gate.CHILD.read_text())
    said = {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") == "Refuse"
        and isinstance(call.args[0], ast.Constant)
    }
    words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}

    assert said and said <= set(gate.REASONS)
    assert set(gate.REASONS) - words == {"empty", "too_big", "infected", "busy"}  # said by the gate itself
    assert set(gate.NOTES) - words == {"not_scanned"}


# --- pictures


def test_nothing_that_the_camera_wrote_beside_the_picture_is_kept():
    exif = Image.Exif()
    exif[0x010F], exif[0x9286] = "SecretCam", "at home"
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 14.0, 0.0), 3: "E", 4: (121.0, 24.0, 0.0)})
    for form in ("JPEG", "PNG", "WEBP"):
        extra = {"comment": b"SecretNote"} if form == "JPEG" else {}

        found = examined(saved(two_halves(), form, exif=exif, **extra))

        assert opened(found).getexif() == {}
        assert opened(found).info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        for page in found.pages:
            assert b"Secret" not in page.preview and b"Exif" not in page.preview


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_pictures_are_turned_upright(orientation, form):
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = two_halves() if orientation == 1 else two_halves().transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation

    found = examined(saved(stored, form, exif=exif))

    upright = opened(found).convert("RGB")
    assert upright.size == (400, 300) == (found.pages[0].width, found.pages[0].height)
    red, _green, blue = upright.getpixel((200, 40))
    assert red > 150 > blue


def test_a_phones_heic_is_kept_as_jpeg_upright():
    found = examined(heic("sideways"))

    assert (found.given_mime, found.mime) == ("image/heic", "image/jpeg")
    assert opened(found).size == (400, 300)
    red, _green, blue = opened(found).getpixel((200, 40))
    assert red > 150 > blue
    assert opened(found).getexif() == {}


def test_a_large_picture_is_made_smaller_and_gets_a_preview():
    found = examined(picture(size=(6000, 3000)))

    assert opened(found).size == (4096, 2048)
    assert Image.open(io.BytesIO(found.pages[0].preview)).size == (1600, 800)


def test_line_art_stays_png_and_photographs_become_jpeg():
    drawing = Image.new("1", (300, 300), 1)
    noise = Image.effect_noise((300, 300), 80).convert("RGB")

    assert examined(saved(drawing, "PNG")).mime == "image/png"
    assert examined(saved(noise, "PNG")).mime == "image/jpeg"


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGBA", (20, 20), (0, 0, 0, 0)),
        Image.new("LA", (20, 20), (0, 0)),
        Image.new("P", (20, 20), 0),
    ],
    ids=lambda image: image.mode,
)
def test_what_is_transparent_lies_on_white_paper(image):
    options = {"transparency": 0} if image.mode == "P" else {}

    found = examined(saved(image, "PNG", **options))

    assert opened(found).convert("RGB").getpixel((10, 10)) == (255, 255, 255)


def test_sixteen_bit_greys_keep_their_brightness():
    deep = Image.new("I;16", (40, 40), 0x8000)

    found = examined(saved(deep, "PNG"))

    assert abs(opened(found).convert("L").getpixel((5, 5)) - 128) <= 2


def test_printers_colours_become_screen_colours():
    found = examined(saved(Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG"))

    red, green, blue = opened(found).getpixel((20, 20))
    assert opened(found).mode == "RGB" and red > 180 > 90 > max(green, blue)


def test_a_colour_profile_is_applied_and_not_kept():
    wide = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))  # does not fit the picture: must not break it

    found = examined(saved(two_halves(), "JPEG", icc_profile=wide.tobytes()))

    assert isinstance(found, gate.Accepted) and "icc_profile" not in opened(found).info


def test_of_a_moving_picture_the_first_frame_is_kept_and_said_so():
    frames = [Image.new("RGB", (60, 60), (i * 60, 0, 0)) for i in range(4)]
    for form in ("WEBP", "PNG"):
        found = examined(saved(frames[0], form, save_all=True, append_images=frames[1:], lossless=True))

        assert getattr(opened(found), "n_frames", 1) == 1
        assert found.notes == ("only_first_frame",)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIC", "PDF"])
def test_half_a_file_is_refused_as_damaged(form):
    noise = Image.effect_noise((700, 700), 90).convert("RGB")
    whole = heic("noise") if form == "HEIC" else pdf(5) if form == "PDF" else saved(noise, form)

    found = examined(whole[: len(whole) // 2])

    if form == "PDF" and isinstance(found, gate.Accepted):  # what can be repaired may be kept
        assert found.content.startswith(b"%PDF-")
    else:
        assert verdict(found) == "damaged"


def test_the_same_picture_twice_gives_the_same_copy():
    content = saved(two_halves(), "JPEG")

    assert examined(content).sha256 == examined(content).sha256
    assert examined(pdf(3)).sha256 == examined(pdf(3)).sha256


# --- PDF


def shown_words(content: bytes, number: int) -> bytes:
    with pikepdf.open(io.BytesIO(content)) as document:
        return document.pages[number].Contents.read_bytes()


def everything_in(content: bytes) -> str:
    with pikepdf.open(io.BytesIO(content)) as document:
        return " ".join(repr(thing) for thing in document.objects) + repr(document.trailer)


def test_a_pdf_keeps_its_pages_words_and_fonts_and_gets_previews():
    found = examined(pdf(3))

    assert found.mime == "application/pdf" and len(found.pages) == 3
    assert [(page.width, page.height) for page in found.pages] == [(595, 842)] * 3
    assert b"(Page 2)" in shown_words(found.content, 1)
    with pikepdf.open(io.BytesIO(found.content)) as document:
        assert document.pages[0].Resources.Font["/A"].BaseFont == "/Helvetica"
    preview = Image.open(io.BytesIO(found.pages[0].preview)).convert("L")
    assert max(preview.size) == 1600 and preview.getextrema()[0] < 60  # something is drawn on it


def test_a_turned_page_is_measured_as_it_is_looked_at():
    def turn(document):
        document.pages[0].rotate(90, relative=False)

    found = examined(pdf(1, change=turn))

    assert (found.pages[0].width, found.pages[0].height) == (842, 595)
    assert Image.open(io.BytesIO(found.pages[0].preview)).size == (1600, 1131)


def armed(document):
    action = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
    link = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 99, 99],
        A=pikepdf.Dictionary(S=pikepdf.Name.URI, URI="https://phishing.invalid/"),
    )  # fmt: skip
    document.Root.OpenAction = action
    document.Root.AA = pikepdf.Dictionary(WC=action)
    document.Root.Names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=["a", action]))
    document.attachments["inner.exe"] = b"MZ inner"
    page = document.pages[0]
    page.AA = pikepdf.Dictionary(O=action)
    page.Annots = pikepdf.Array([document.make_indirect(link)])
    page.Metadata = document.make_stream(b"<x:xmpmeta>author at home</x:xmpmeta>")
    page.Resources.Properties = pikepdf.Dictionary(
        MC0=pikepdf.Dictionary(AF=action, Deep=[pikepdf.Dictionary(Next=action)])
    )
    document.docinfo["/Author"] = "Author At Home"


def test_nothing_in_a_pdf_runs_fetches_carries_or_betrays():
    found = examined(pdf(2, change=armed))

    assert set(found.notes) == {"script_removed", "links_removed", "attachments_removed"}
    inside = everything_in(found.content)
    for trace in ("JavaScript", "alert", "phishing", "inner.exe", "MZ inner", "Author", "xmpmeta", "/Annot", "/AA"):
        assert trace not in inside
    assert b"(Page 1)" in shown_words(found.content, 0)


@pytest.mark.parametrize("place", ["link", "page", "next", "catalogue"])
def test_a_pdf_that_starts_programs_is_refused_wherever_it_hides_it(place):
    launch = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="calc.exe")

    def arm(document):
        page = document.pages[0]
        if place == "link":
            link = pikepdf.Dictionary(Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=launch)
            page.Annots = pikepdf.Array([link])
        elif place == "page":
            page.AA = pikepdf.Dictionary(O=launch)
        elif place == "next":
            document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.GoTo, Next=[launch])
        else:
            document.Root.AA = pikepdf.Dictionary(WC=launch)

    assert verdict(examined(pdf(1, change=arm))) == "starts_programs"


def filled_form(document, *, value="Wang Lin", drawn=False, signed=False):
    field = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Sig if signed else pikepdf.Name.Tx, T="name",
        V=pikepdf.Dictionary(Type=pikepdf.Name.Sig) if signed else pikepdf.String(value), Rect=[60, 100, 400, 140], F=4,
        DA="/A 20 Tf 0 g",
    )  # fmt: skip
    if drawn or signed:
        look = document.make_stream(b"q 0 0 1 rg 0 0 340 40 re f Q")
        look.Type, look.Subtype, look.BBox = pikepdf.Name.XObject, pikepdf.Name.Form, [0, 0, 340, 40]
        field.AP = pikepdf.Dictionary(N=look)
    field = document.make_indirect(field)
    document.pages[0].Annots = pikepdf.Array([field])
    document.Root.AcroForm = pikepdf.Dictionary(
        Fields=[field], NeedAppearances=not drawn, DA="/A 20 Tf 0 g", DR=document.pages[0].Resources
    )


def drawn_at(page: gate.PageShown, across: float, up: float) -> tuple[int, int, int]:
    image = Image.open(io.BytesIO(page.preview)).convert("RGB")
    return image.getpixel((int(across * image.width), int((1 - up) * image.height)))


def test_what_was_filled_in_is_drawn_and_the_form_is_gone():
    found = examined(pdf(1, change=lambda document: filled_form(document, drawn=True)))

    red, _green, blue = drawn_at(found.pages[0], 200 / 595, 120 / 842)
    assert blue > 200 > 60 > red
    assert "AcroForm" not in everything_in(found.content)


def test_a_field_without_a_drawing_gets_one_where_that_is_safe():
    found = examined(pdf(1, words=" ", change=filled_form))

    picture = Image.open(io.BytesIO(found.pages[0].preview)).convert("L")
    low = picture.crop((0, int(picture.height * 0.8), picture.width, picture.height))
    assert low.getextrema()[0] < 80


def test_a_field_whose_letters_only_its_own_program_can_draw_is_refused():
    found = examined(pdf(1, change=lambda document: filled_form(document, value="王琳")))

    assert verdict(found) == "live_form"


def test_a_seal_that_cannot_survive_the_copy_is_named():
    found = examined(pdf(1, change=lambda document: filled_form(document, signed=True)))

    assert found.notes == ("signature_removed",)


def test_a_form_that_is_made_only_by_its_program_is_refused():
    def xfa(document):
        document.Root.AcroForm = pikepdf.Dictionary(Fields=[], XFA=document.make_stream(b"<xdp/>"))

    assert verdict(examined(pdf(1, change=xfa))) == "live_form"


def test_a_folder_of_files_in_one_pdf_is_refused():
    def folder(document):
        document.attachments["a.pdf"] = b"%PDF-"
        document.Root.Collection = pikepdf.Dictionary(View=pikepdf.Name.D)

    assert verdict(examined(pdf(1, change=folder))) == "collection"


def test_a_pdf_that_only_forbids_printing_is_kept():
    restricted = pikepdf.Encryption(owner="o", user="", allow=pikepdf.Permissions(print_highres=False))

    found = examined(pdf(1, encryption=restricted))

    assert verdict(found) == "application/pdf"
    with pikepdf.open(io.BytesIO(found.content)) as document:
        assert not document.is_encrypted


@pytest.mark.parametrize(("pages", "expected"), [(100, "application/pdf"), (101, "too_many_pages")])
def test_a_hundred_pages_are_taken_and_not_one_more(pages, expected):
    assert verdict(examined(pdf(pages))) == expected


def test_pages_for_whose_preview_no_time_is_left_come_without_and_are_drawn_later():
    found = examined(pdf(5), limits=gate.Limits(preview_seconds=0))

    assert [page.preview for page in found.pages] == [None] * 5
    mime, preview = gate.draw_page(found.content, 4)
    assert mime == gate.kind_of_copy(preview) and max(Image.open(io.BytesIO(preview)).size) == 1600


def test_a_picture_of_too_many_dots_inside_a_pdf_is_refused():
    def huge(document):
        image = document.make_stream(b"\0")
        image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
        image.Width, image.Height, image.ColorSpace, image.BitsPerComponent = 40_000, 40_000, pikepdf.Name.DeviceGray, 8
        document.pages[0].Resources.XObject = pikepdf.Dictionary(I=image)

    assert verdict(examined(pdf(1, change=huge))) == "too_many_pixels"


@pytest.mark.parametrize(("turned", "red_at"), [(90, (280, 200)), (180, (200, 280)), (270, (20, 200))])
def test_one_page_is_turned_clockwise(turned, red_at):
    content = saved(two_halves(), "JPEG")

    turned_copy = Image.open(io.BytesIO(gate.one_page(content, "image/jpeg", 0, turned)))

    red, _green, blue = turned_copy.getpixel(red_at)
    assert red > 150 > blue


def test_one_page_of_a_pdf_holds_nothing_of_the_others():
    whole = examined(pdf(3)).content

    single = gate.one_page(whole, "application/pdf", 1, 90)

    with pikepdf.open(io.BytesIO(single)) as document:
        assert len(document.pages) == 1 and document.pages[0].rotation == 90
        assert b"(Page 2)" in document.pages[0].Contents.read_bytes()
        assert (
            sum(isinstance(thing, pikepdf.Stream) and b"(Page" in thing.read_bytes() for thing in document.objects) == 1
        )


# --- the scanner


def test_what_the_scanner_finds_is_refused_and_what_it_cannot_look_at_is_noted():
    photo = picture()

    assert verdict(examined(photo + EICAR, scanner=Simulated())) == "infected"
    assert examined(photo + EICAR).notes == ()  # negative control: nobody looks, the tail is cut off
    assert examined(photo + MAKES_IT_GO_AWAY, scanner=Simulated()).notes == ("not_scanned",)
    assert examined(photo, scanner=Simulated()).notes == ()


# --- the walls

TRIES = """
import json, os, socket, sys
sys.path.insert(0, {folder!r})
import child
{confine}
def did(what):
    try:
        what()
        return True
    except (OSError, MemoryError, ValueError):
        return False
def write():
    with open({target!r}, "w") as file:
        file.write("x"); file.flush()
print(json.dumps({{
    "reads_keys": did(lambda: open({secret!r}).read()),
    "lists_home": did(lambda: os.listdir({home!r})),
    "writes": did(write),
    "connects": did(lambda: socket.create_connection(("127.0.0.1", {port}), 2)),
    "takes_a_gigabyte": did(lambda: bytearray(1 << 30)),
    "runs_programs": did(lambda: os.posix_spawn("/bin/true", ["true"], {{}})),
    "reads_libraries": did(lambda: open(json.__file__).read()),
}}))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="walls of Linux")
def test_the_walls_hold_and_without_them_everything_is_possible(tmp_path):
    import socket

    (tmp_path / "secret.key").write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def tried(confine):
            script = TRIES.format(
                folder=str(gate.CHILD.parent), confine=confine, secret=str(tmp_path / "secret.key"), home=str(tmp_path),
                target=str(tmp_path / "written"), port=server.getsockname()[1],
            )  # fmt: skip
            return json.loads(
                subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, check=True).stdout
            )

        free = tried("")
        walled = tried("child.confine(768 << 20, 5)")

    assert set(free.values()) == {True}
    walls = gate.walls()
    assert {"memory", "cpu", "no_files_written"} <= walls
    assert walled["reads_libraries"] and not walled["writes"] and not walled["takes_a_gigabyte"]
    if "only_libraries_readable" in walls:
        assert not walled["reads_keys"] and not walled["lists_home"] and not walled["runs_programs"]
    if "no_network" in walls:
        assert not walled["connects"]


def test_the_reader_knows_neither_django_nor_us():
    seen = subprocess.run(
        [
            sys.executable,
            "-I",
            "-X",
            "importtime",
            str(gate.CHILD),
            json.dumps({"errand": "walls", "limits": _limits()}),
        ],
        capture_output=True,
        check=True,
        stdin=subprocess.DEVNULL,
        cwd="/",
    )

    imported = seen.stderr.decode()
    assert "django" not in imported and "tongban." not in imported and "PIL" not in imported


def _limits() -> dict:
    import dataclasses

    return dataclasses.asdict(gate.Limits())


# --- a child that dies, hangs or lies


@pytest.fixture
def other_child(monkeypatch, tmp_path):
    def say(script: str) -> Path:
        path = tmp_path / "other_child.py"
        path.write_text(script)
        monkeypatch.setattr(gate, "CHILD", path)
        return path

    return say


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_a_reader_that_hangs_is_ended_with_all_it_started(other_child, tmp_path):
    other_child(
        f"import os, time\npid = os.fork()\nopen({str(tmp_path)!r} + f'/{{os.getpid()}}.pid', 'w')\ntime.sleep(60)"
    )

    found = examined(picture(), limits=gate.Limits(seconds=1.0))

    assert verdict(found) == "too_heavy"
    pids = [int(path.stem) for path in tmp_path.glob("*.pid")]
    assert len(pids) == 2
    deadline = time.monotonic() + 20
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(alive(pid) for pid in pids)


def test_a_reader_killed_midway_is_a_refusal_and_leaves_nothing(other_child, monkeypatch, tmp_path):
    other_child("import sys, time\nsys.stdout.write('{\"mime\":'); sys.stdout.flush()\ntime.sleep(60)")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nothing"))
    started, starts = [], subprocess.Popen
    monkeypatch.setattr(gate.subprocess, "Popen", lambda *a, **k: started.append(starts(*a, **k)) or started[-1])

    def kill():
        while not started:
            time.sleep(0.01)
        time.sleep(0.3)
        os.kill(started[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    open_before = len(os.listdir("/proc/self/fd"))
    found = examined(picture())
    killer.join()

    assert verdict(found) == "damaged"
    assert started[0].returncode == -signal.SIGKILL
    assert len(os.listdir("/proc/self/fd")) <= open_before
    assert not (tmp_path / "nothing").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a promise of Linux")
def test_the_reader_dies_with_whoever_asked_it():
    script = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-I', {str(gate.CHILD)!r}, sys.argv[1]], stdin=subprocess.PIPE,"
        " stdout=subprocess.DEVNULL, start_new_session=True)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    asking = subprocess.Popen(
        [sys.executable, "-c", script, json.dumps({"errand": "read", "limits": _limits()})], stdout=subprocess.PIPE
    )
    pid = int(asking.stdout.readline())
    deadline = time.monotonic() + 20
    while "NoNewPrivs:\t1" not in Path(f"/proc/{pid}/status").read_text() and time.monotonic() < deadline:
        time.sleep(0.01)

    asking.kill()
    asking.wait()
    asking.stdout.close()

    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(pid)


@pytest.mark.parametrize("seed", range(8))
def test_mutilated_files_are_kept_or_refused_and_nothing_else(seed, caplog):
    chance = random.Random(seed)
    noise = Image.effect_noise((120, 90), 80).convert("RGB")
    wholes = [
        saved(noise, "JPEG"),
        saved(noise, "PNG"),
        saved(noise, "WEBP"),
        heic("small-noise"),
        pdf(2, change=armed),
    ]
    for whole in wholes:
        content = bytearray(whole)
        for _wound in range(chance.choice([1, 4, 30])):
            at = chance.randrange(len(content))
            if chance.random() < 0.7:
                content[at] = chance.randrange(256)
            else:
                del content[at : at + chance.randrange(1, 60)]

        found = examined(bytes(content))

        assert verdict(found) in {*gate.KEPT_KINDS, *gate.REASONS}
    assert "upload_broke_reader" not in caplog.text and "nonsense" not in caplog.text


@pytest.mark.parametrize(
    "lie",
    [
        'print(\'{"refused": "no_such_reason", "facts": {}}\')',
        'print(\'{"refused": "too_big", "facts": {}}\')',
        'print(\'{"mime": "text/html", "given": "image/png", "notes": [], "pages": [], "blobs": [8]}\\n<script>\', end="")',
        'print(\'{"mime": "image/png", "given": "image/png", "notes": [], "pages": [], "blobs": [8]}\\n<script>\', end="")',
        'print(\'{"mime": "image/png", "given": "image/png", "notes": [], "pages": [], "blobs": [800]}\\n<script>\', end="")',
        'print(\'{"mime": "image/jpeg", "notes": ["x"], "pages": [], "blobs": []}\')',
        'print("[]")',
        'print("not json")',
    ],
)
def test_a_reader_that_lies_is_not_believed(lie, other_child):
    other_child(lie)

    assert verdict(examined(picture())) == "damaged"


def test_a_reader_that_never_stops_talking_is_ended(other_child):
    other_child("import sys\nwhile True: sys.stdout.write('x' * 100000)")

    assert verdict(examined(picture(), limits=gate.Limits(answer_bytes=1_000_000))) == "too_heavy"


def test_when_no_place_becomes_free_the_person_is_asked_to_come_again(monkeypatch):
    full = threading.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(gate, "_places", full)

    found = examined(picture(), limits=gate.Limits(wait_seconds=0.05))

    problem = found.as_problem()
    assert (problem.code, problem.status, problem.retry_after) == ("busy", 429, 60)


def test_many_files_at_once_are_all_looked_at():
    files = [saved(two_halves((300 + i, 200)), "JPEG") for i in range(16)]
    found = [None] * len(files)

    def look(i):
        found[i] = examined(files[i])

    threads = [threading.Thread(target=look, args=(i,)) for i in range(len(files))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [one.pages[0].width for one in found] == [300 + i for i in range(16)]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("photo.jpg", "photo.jpg"),
        ("C:\\fakepath\\租房合同.pdf", "租房合同.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\u202egnp.exe.png", "agnp.exe.png"),
        ("  a\n\tb\x00c  .pdf ", "abc .pdf"),
        ("名" * 200 + ".png", "名" * 100 + "…" + "名" * 12 + ".png"),
        ("\u200b", ""),
    ],
)
def test_names_of_files_are_shown_without_what_hides_or_turns(given, shown):
    assert gate.shown_name(given) == shown
