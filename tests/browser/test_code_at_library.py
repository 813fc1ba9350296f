"""A foreigner shows the code on her phone at a library: the librarian's camera reads it, and the page knows no more than the library's number."""

import re
from pathlib import Path

import pytest
from django.test import Client
from PIL import Image

from tests import doors, eyes, make
from tongban.codes.models import CodeCheck, Reader, Scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE, HIGH = 640, 480


def film(picture: Path, path: Path) -> None:
    """What Chromium's camera of the laboratory plays again and again: the screen of the phone, held into the frame."""
    frame = Image.new("L", (WIDE, HIGH), 190)
    code = Image.open(picture).convert("L").resize((380, 380))
    frame.paste(code, ((WIDE - 380) // 2, (HIGH - 380) // 2))
    colourless = bytes([128]) * (WIDE * HIGH // 4)
    frames = b"".join(b"FRAME\n" + frame.tobytes() + colourless + colourless for _each in range(8))
    path.write_bytes(f"YUV4MPEG2 W{WIDE} H{HIGH} F10:1 Ip A1:1 C420\n".encode() + frames)


def page_of(browser, server, account, size):
    client = doors.enter(Client(), account)
    context = browser.new_context(viewport=size, permissions=["camera"], reduced_motion="reduce", locale="en-GB")
    context.set_default_timeout(60_000)
    values = {"session": client.cookies["session"].value, "language": "en"}
    context.add_cookies([{"name": name, "value": value, "url": server} for name, value in values.items()])
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda said: "Content Security Policy" in said.text and page.complaints.append(said.text))
    return page


def test_a_foreigner_shows_the_code_and_the_reader_sees_only_its_fields(live_server, chromium, chromium_path, tmp_path):
    words = {"zh": "图书馆", "en": "Library"}
    scene = Scene.objects.create(
        slug="library", name=words, purpose=words, basis=words, fields=["alias"], sorts=["person"]
    )
    Reader.objects.create(name="Lending desk", place="City library", operator="library", scene=scene)
    anna = make.account(make.person("Anna Schmidt", id_kind="passport", nationality="DEU"))
    camera = tmp_path / "camera.y4m"
    lens = chromium.browser_type.launch(
        executable_path=chromium_path,
        args=[
            "--no-sandbox", "--disable-dev-shm-usage", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={camera}",
        ],
    )  # fmt: skip
    try:
        phone = page_of(chromium, live_server.url, anna, {"width": 390, "height": 844})
        desk = page_of(lens, live_server.url, make.officer("window_officer").account, {"width": 1280, "height": 900})
        phone.goto(live_server.url + "/")
        phone.locator(".tb-tabbar__code").click()
        phone.wait_for_selector("tb-code .qr")
        desk.goto(live_server.url + "/office/codes/")
        desk.locator("select[name=reader]").select_option(index=1)
        desk.get_by_role("button", name="Take this one").click()
        desk.wait_for_selector("[data-camera]:visible")
        screen = tmp_path / "screen.png"
        phone.locator(".tb-idcode__code:not([hidden]) svg").screenshot(path=str(screen))
        film(screen, camera)

        desk.locator("[data-camera]").click()
        desk.wait_for_selector(".tb-verdict")
        told = desk.inner_text("main")
        desk.wait_for_timeout(1500)  # the same code is still before the camera: it is not sent again

        assert eyes.codes_in(Image.open(screen))[0].startswith("TB1:")
        assert "Valid" in told and re.search(r"Number at this operator\s+[A-Z2-7]{20}", told)
        assert "Anna" not in told and "Schmidt" not in told
        assert [(row.good, row.fields) for row in CodeCheck.objects.all()] == [(True, ["alias"])]

        phone.goto(live_server.url + "/code/seen/")
        assert "City library" in phone.inner_text("main") and "Number at this operator" in phone.inner_text("main")

        phone.goto(live_server.url + "/code/")
        phone.wait_for_selector("tb-code .qr")
        phone.context.set_offline(True)
        phone.evaluate("document.querySelector('tb-code').renew()")
        phone.get_by_text("still good until").wait_for()
        assert phone.locator(".tb-idcode__code:not([hidden])").count() == 1
        phone.evaluate("document.querySelector('tb-code').ahead += 300")  # five minutes later
        phone.get_by_text("This code is over").wait_for()
        assert phone.locator(".tb-idcode__code:not([hidden])").count() == 0
        assert phone.complaints == desk.complaints == []
    finally:
        lens.close()
