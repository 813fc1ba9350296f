"""Whoever uses the pages in a story: they find things by the words and names that people see, and press what people press."""

import contextlib
import re
from pathlib import Path

from PIL import Image, ImageDraw

from tongban.site.demonstration.people import PASSWORD

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


class Visitor:
    """One browser of one person. `troubles` collects what a browser complains about; a story ends with none."""

    def __init__(self, browser, home: str, *, language="zh", size=None, script=True):
        self.home = home
        self.context = browser.new_context(
            viewport=size or PHONE,
            java_script_enabled=script,
            locale="zh-CN" if language == "zh" else "en-GB",
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(60_000)
        if language == "en":
            self.context.add_cookies([{"name": "language", "value": "en", "url": home}])
        self.page = self.context.new_page()
        self.troubles: list[str] = []
        self.listen(self.page)

    def listen(self, page) -> None:
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on(
            "response",
            lambda answer: answer.status >= 500 and self.troubles.append(f"{answer.status} {answer.url}"),
        )
        page.on(
            "console",
            lambda said: "Content Security Policy" in said.text and self.troubles.append(said.text),
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    def go(self, path: str):
        self.page.goto(self.home + path)
        return self

    def at(self) -> str:
        return self.page.url.removeprefix(self.home)

    def words(self) -> str:
        return self.page.inner_text("main")

    def sign_in(self, login: str):
        self.go("/account/sign-in/")
        self.page.fill("input[name=login]", login)
        self.page.fill("input[name=password]", PASSWORD)
        self.press("form:has(input[name=password]) button[type=submit]")
        return self

    def press(self, selector: str):
        """A link or button, and the page it leads to."""
        before = self.page.url
        self.page.locator(selector).first.click()
        self.page.wait_for_load_state()
        return before

    def tick(self, name: str, value: str | None = None):
        """A card to choose or a statement to tick, by its label as a finger would."""
        wanted = f"input[name='{name}']" + (f"[value='{value}']" if value is not None else "")
        self.page.locator(f"label:has({wanted})").last.click()

    def saved(self):
        """Wait until the page says that everything typed is kept."""
        self.page.wait_for_selector("tb-autosave[data-state=saved]")

    def fits(self) -> bool:
        """Nothing hangs over the edge of the screen; what does is printed."""
        wider = self.page.evaluate("""() => document.documentElement.scrollWidth <= innerWidth ? null
            : [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
              .slice(0, 5).map((one) => `${one.tagName}.${one.className} ${one.textContent.trim().slice(0, 40)}`)""")
        if wider is not None:
            print(self.page.url, wider)
        return wider is None


class Citizen(Visitor):
    """The errand, step by step."""

    @property
    def ref(self) -> str:
        return re.search(r"/(?:apply|my/cases)/([a-z0-9]{12})/", self.at()).group(1)

    def begin(self, matter: str):
        self.go(f"/matters/{matter}/apply/")
        self.press("main form button[type=submit]")
        return self

    def continue_(self):
        self.press("main form button[name=go]:not([aria-hidden])")

    def documents_done(self):
        self.press("main .tb-actions a")

    def show_that_it_is_me(self):
        self.press("a[href*='/account/presence/']")
        self.press("main form button")

    def sign_and_send(self):
        self.tick("sign")
        self.press("main form[action$='/submit'] button[type=submit]")

    def add_page(self, material: str, *files: Path):
        """A document's pages: the script sends them at once, and the page shows them."""
        box = self.page.locator(f"#material-{material}")
        before = box.locator("img").count()
        box.locator("input[type=file]").set_input_files([str(file) for file in files])
        self.page.wait_for_function(
            "([id, number]) => document.querySelectorAll(`#${id} .tb-uploader__pages img`).length === number",
            arg=[f"material-{material}", before + len(files)],
        )


def photographed(folder: Path, name: str) -> Path:
    """A page that looks like a photographed paper."""
    page = Image.new("RGB", (620, 877), "#f5f0e4")
    draw = ImageDraw.Draw(page)
    draw.text((60, 40), name, fill="#333333")
    for line in range(16):
        draw.rectangle((60, 120 + line * 40, 60 + 480 - (line % 4) * 70, 130 + line * 40), fill="#b9b1a0")
    path = folder / f"{name}.jpg"
    page.save(path, "JPEG")
    return path


@contextlib.contextmanager
def without_a_line(visitor: Visitor):
    """The connection is gone, and comes back."""
    visitor.context.set_offline(True)
    try:
        yield
    finally:
        visitor.context.set_offline(False)
