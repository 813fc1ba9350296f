"""The gate for files from outside: nothing that somebody sent is opened in this process.

`examine` hands the bytes to a child with walls around it (`child.py`) and takes back a safe copy drawn anew, or a reason.
What comes back is treated as the work of a stranger too: sizes, shapes and first bytes are checked.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

import structlog
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tongban.lib.problems import Invalid, Problem, TooMany, worded
from tongban.materials.gateways.malware.base import Away, Scanner

log = structlog.get_logger("materials.gate")

CHILD = Path(__file__).with_name("child.py")
KEPT_KINDS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "application/pdf": b"%PDF-"}
ACCEPTED_BY_BROWSERS = "image/jpeg,image/png,image/webp,image/heic,application/pdf,.heic,.pdf"  # for <input accept>
PIECE = 1 << 18


@dataclass(frozen=True)
class Limits:
    bytes: int = 20 * 1024 * 1024
    pages: int = 100
    pixels: int = 120_000_000
    side: int = 4096
    seconds: float = 5.0
    cpu_seconds: int = 5
    preview_seconds: float = 3.0
    memory: int = 768 * 1024 * 1024
    answer_bytes: int = 128 * 1024 * 1024
    wait_seconds: float = 10.0


@dataclass(frozen=True)
class PageShown:
    """`width` and `height` are in pixels of a picture, in points of a PDF page. No preview: it is made when somebody looks."""

    width: int
    height: int
    preview: bytes | None
    preview_mime: str


@dataclass(frozen=True)
class Accepted:
    """The safe copy. `sha256` is of the copy, `given_sha256` of what was sent; `notes` say what was left out (see NOTES)."""

    mime: str
    content: bytes
    pages: tuple[PageShown, ...]
    sha256: str
    given_mime: str
    given_sha256: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Refused:
    code: str
    sentence: str | Promise
    next_step: str | Promise

    def as_problem(self) -> Problem:
        kept = _("Everything you sent before is kept.")
        if self.code == "busy":
            return TooMany(self.code, self.sentence, retry_after=60, kept=kept, next_step=self.next_step)
        status = 413 if self.code == "too_big" else 422
        return Invalid(self.code, self.sentence, status=status, kept=kept, next_step=self.next_step)


REASONS = {
    "empty": (
        _("“%(name)s” is empty."),
        _("Choose it again. If it lies in a cloud folder, wait until it has arrived on your device."),
    ),
    "too_big": (
        _("“%(name)s” is larger than %(limit)s MB."),
        _("Take the photo again in a lower quality, or send the pages as separate files."),
    ),
    "office": (
        _("“%(name)s” is a document of an office program, which may look different for everybody who opens it."),
        _("Open it, choose “Save as PDF” or “Print to PDF”, and send the PDF."),
    ),
    "ofd": (
        _("“%(name)s” is an OFD document, which cannot be read here yet."),
        _("Open it in your reader program, choose “Save as PDF” or “Print to PDF”, and send the PDF."),
    ),
    "archive": (
        _("“%(name)s” is a package of several files."),
        _("Unpack it and send the photos or PDFs inside one by one."),
    ),
    "program": (
        _("“%(name)s” is a program and not a document."),
        _("Check that you chose the right file. Send a photo or a PDF."),
    ),
    "web_page": (
        _("“%(name)s” is a web page or a drawing made of code."),
        _("Print it to PDF or take a picture of the screen, and send that."),
    ),
    "other_picture": (
        _("“%(name)s” is a picture of a kind that cannot be kept here."),
        _("Open it, save it as JPEG or PNG, and send that; or take a photo of the paper."),
    ),
    "video": (
        _("“%(name)s” is a film or a sound recording."),
        _("Send a photo of the paper, or a PDF."),
    ),
    "unknown_kind": (
        _("“%(name)s” is neither a photo nor a PDF."),
        _("Send a JPEG, PNG, WebP or HEIC picture, or a PDF."),
    ),
    "damaged": (
        _("“%(name)s” is damaged or did not arrive whole."),
        _("Send it again. If that does not help, take a new photo or make the PDF anew."),
    ),
    "too_many_pixels": (
        _("“%(name)s” holds a picture of %(width)s by %(height)s dots, which is too large."),
        _("Save it in a lower resolution and send it again; a phone's ordinary photo is enough."),
    ),
    "too_many_pages": (
        _("“%(name)s” has %(pages)s pages; at most %(limit)s can be taken here."),
        _("Send only the pages that are asked for."),
    ),
    "page_size": (
        _("A page of “%(name)s” measures %(width)s by %(height)s cm."),
        _("Print it to a PDF on ordinary paper (A4), and send that."),
    ),
    "password": (
        _("“%(name)s” is locked with a password."),
        _("Save a copy without the password, or print it to a new PDF, and send that."),
    ),
    "starts_programs": (
        _("“%(name)s” tries to start a program when it is opened."),
        _("If you trust where it came from, print it to a new PDF and send that. Otherwise do not open it again."),
    ),
    "live_form": (
        _("“%(name)s” is a form that only the program it was filled in with can show."),
        _("Open it there, choose “Print to PDF”, and send the new PDF."),
    ),
    "collection": (
        _("“%(name)s” is a folder of several files inside one PDF."),
        _("Save the files it holds one by one, and send those that are asked for."),
    ),
    "unpacks_too_big": (
        _("“%(name)s” grows to many times its size when it is opened."),
        _("Print it to a new PDF, or take a photo of the paper, and send that."),
    ),
    "too_heavy": (
        _("“%(name)s” takes too long to open."),
        _("Print it to a new PDF in ordinary quality, or take a photo of the paper, and send that."),
    ),
    "not_a_picture": (
        _("“%(name)s” is a PDF; a code is read from a picture."),
        _("Take a photo of the code, or a picture of the screen, and send that."),
    ),
    "infected": (
        _("A virus scanner found something dangerous in “%(name)s”."),
        _("Do not open the file again. Take a photo of the paper itself, and send that."),
    ),
    "busy": (
        _("Very many people are sending files at this moment, so “%(name)s” could not be looked at."),
        _("Send it again in a minute."),
    ),
}

NOTES = {
    "only_first_frame": _("The picture moves; only its first frame is kept."),
    "script_removed": _("The PDF held a script, which is left out."),
    "links_removed": _("Links in the PDF are left out."),
    "attachments_removed": _("Files inside the PDF are left out. Send them separately if they are needed."),
    "signature_removed": _("The PDF held an electronic seal, which cannot be checked in the copy kept here."),
    "not_scanned": _("The virus scanner did not answer; the copy kept here was drawn anew."),
}


def refuse(code: str, name: str, **facts) -> Refused:
    sentence, next_step = REASONS[code]
    return Refused(code, worded(sentence, name=shown_name(name), **facts), next_step)


def shown_name(name: str) -> str:
    """A file's name as it is stored and shown: the last part of a path, without letters that turn or hide others."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    name = "".join(
        letter for letter in name if unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    )
    name = " ".join(name.split())
    return name if len(name) <= 120 else f"{name[:100]}…{name[-16:]}"


def kind_of_copy(content: bytes) -> str:
    """The kind of a safe copy or preview, by its first bytes."""
    return next(mime for mime, begins in KEPT_KINDS.items() if content.startswith(begins))


class TakenIn:
    """What was sent, in memory that any child can read as a file and that leaves no trace on a disk."""

    def __init__(self, source: BinaryIO, limits: Limits):
        self.file = _nameless_file()
        digest, self.size, self.too_big = hashlib.sha256(), 0, False
        while piece := source.read(PIECE):
            self.size += len(piece)
            if self.size > limits.bytes:
                self.too_big = True
                break
            digest.update(piece)
            self.file.write(piece)
        self.sha256 = digest.hexdigest()
        self.file.flush()
        self.file.seek(0)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.file.close()


def _nameless_file():
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("upload", os.MFD_CLOEXEC), "w+b")
    return tempfile.TemporaryFile()


def examine(
    source: BinaryIO, *, name: str, limits: Limits | None = None, scanner: Scanner | None = None
) -> Accepted | Refused:
    """Read a file from outside within five seconds, by its content alone. Stops reading the source once it is too big.

    The scanner looks at the original bytes. When it is away that is noted and the errand goes on, because what is kept is
    drawn anew in any case.
    """
    limits = limits or Limits()
    with TakenIn(source, limits) as taken:
        if taken.too_big:
            return refuse("too_big", name, limit=limits.bytes // (1024 * 1024))
        if not taken.size:
            return refuse("empty", name)
        notes = []
        if scanner is not None:
            try:
                found = scanner.look(taken.file)
            except Away as away:
                log.error("malware_scanner_away", error=str(away))
                notes.append("not_scanned")
            else:
                if found:
                    log.warning("infected_upload", signature=found, sha256=taken.sha256)
                    return refuse("infected", name)
            taken.file.seek(0)
        header, blobs = _read_in_child({"errand": "read"}, taken.file, limits)
        if "refused" in header:
            log.info("upload_refused", code=header["refused"], why=header.get("why", ""), size=taken.size)
            return refuse(header["refused"], name, **header["facts"])
        content, *previews = blobs
        shown = []
        for page in header["pages"]:
            preview = previews.pop(0) if page["preview"] else None
            shown.append(PageShown(page["width"], page["height"], preview, page["preview"] or ""))
        return Accepted(
            mime=header["mime"],
            content=content,
            pages=tuple(shown),
            sha256=hashlib.sha256(content).hexdigest(),
            given_mime=header["given"],
            given_sha256=taken.sha256,
            notes=(*header["notes"], *notes),
        )


def draw_page(content: bytes, number: int, *, limits: Limits | None = None) -> tuple[str, bytes] | None:
    """The preview of one page of a safe PDF copy: (mime, bytes); None if it cannot be drawn just now."""
    return _made_of(content, {"errand": "render", "page": number}, limits)


def one_page(content: bytes, mime: str, number: int, turned: int) -> bytes | None:
    """One page of a safe copy as a file of its own, turned clockwise; None if it cannot be made just now."""
    made = _made_of(content, {"errand": "page", "mime": mime, "page": number, "turned": turned}, None)
    return made and made[1]


def _made_of(content: bytes, errand: dict, limits: Limits | None) -> tuple[str, bytes] | None:
    with _nameless_file() as file:
        file.write(content)
        file.flush()
        file.seek(0)
        header, blobs = _read_in_child(errand, file, limits or Limits())
    return None if "refused" in header else (header["mime"], blobs[0])


CODE_LIMITS = Limits(
    bytes=10 * 1024 * 1024, pages=1, pixels=50_000_000, side=2400, memory=512 * 1024 * 1024, answer_bytes=1 << 20
)


def codes_in(source: BinaryIO, *, name: str, limits: Limits = CODE_LIMITS) -> list[str] | Refused:
    """What QR codes in a picture say, read behind the same walls. Nothing of the picture is kept."""
    with TakenIn(source, limits) as taken:
        if taken.too_big:
            return refuse("too_big", name, limit=limits.bytes // (1024 * 1024))
        if not taken.size:
            return refuse("empty", name)
        header, _blobs = _read_in_child({"errand": "codes"}, taken.file, limits)
    if "refused" in header:
        return refuse(header["refused"], name, **header["facts"])
    return header.get("codes", [])


def walls() -> frozenset[str]:
    """What this system can enforce on the child: memory, cpu, no_files_written, no_network, only_libraries_readable ..."""
    with _nameless_file() as file:
        header, _blobs = _read_in_child({"errand": "walls"}, file, Limits())
    return frozenset(header.get("held", ()))


# Two cores open two files at a time; more at once would only make each of them late.
_places = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))


class Untrue(Exception):
    """The child's answer is not one that our own code would have given."""


def _read_in_child(errand: dict, file, limits: Limits) -> tuple[dict, list[bytes]]:
    """The child's answer, or a refusal in its name when it was too slow, too heavy or broke down."""
    if not _places.acquire(timeout=limits.wait_seconds):
        return _refusal("busy", "no place"), []
    try:
        answer = _run_child({**errand, "limits": dataclasses.asdict(limits)}, file, limits)
    finally:
        _places.release()
    if not answer:
        log.warning("upload_broke_reader", timed_out=answer is None)
        return _refusal("too_heavy", "no answer"), []
    try:
        return _parsed(answer)
    except (Untrue, ValueError, KeyError, TypeError, AttributeError) as error:
        log.error("upload_reader_answered_nonsense", error=repr(error))
        return _refusal("damaged", "nonsense"), []


def _refusal(code: str, why: str) -> dict:
    return {"refused": code, "facts": {}, "why": why}


def _run_child(options: dict, file, limits: Limits) -> bytearray | None:
    process = subprocess.Popen(
        [sys.executable, "-I", str(CHILD), json.dumps(options)],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"LC_ALL": "C.UTF-8"},
        start_new_session=True,
    )
    pipe, answer = cast(IO[bytes], process.stdout), None
    try:
        answer = _listen(pipe, until=time.monotonic() + limits.seconds, at_most=limits.answer_bytes)
    finally:
        # Whatever happened, nothing of it lives on: the whole session goes, with whatever the child may have started.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        pipe.close()
        process.wait()
    return answer


def _listen(pipe, *, until: float, at_most: int) -> bytearray | None:
    """All that is said before the end; None when time or patience runs out."""
    poll, heard = select.poll(), bytearray()
    poll.register(pipe, select.POLLIN | select.POLLHUP)
    while (left := until - time.monotonic()) > 0:
        if not poll.poll(left * 1000):
            continue
        piece = os.read(pipe.fileno(), PIECE)
        if not piece:
            return heard
        heard += piece
        if len(heard) > at_most:
            return None
    return None


def _parsed(answer: bytearray) -> tuple[dict, list[bytes]]:
    line, _newline, rest = bytes(answer).partition(b"\n")
    header = json.loads(line)
    if "refused" in header:
        sentence, _next = REASONS[header["refused"]]
        str(sentence) % {"name": "", **header["facts"]}
        return header, []
    if "codes" in header and not (
        isinstance(header["codes"], list) and all(isinstance(one, str) for one in header["codes"])
    ):
        raise Untrue("codes")
    blobs, at = [], 0
    for length in header["blobs"]:
        blobs.append(rest[at : at + length])
        at += length
    if at != len(rest):
        raise Untrue("lengths")
    mimes = [page["preview"] for page in header.get("pages", ()) if page["preview"]]
    if "mime" in header:
        mimes.insert(0, header["mime"])
        if set(header.get("notes", ())) - set(NOTES):
            raise Untrue("notes")
    if len(mimes) != len(blobs):
        raise Untrue("pages")
    for mime, blob in zip(mimes, blobs, strict=True):
        if not blob.startswith(KEPT_KINDS[mime]):
            raise Untrue("kinds")
    return header, blobs
