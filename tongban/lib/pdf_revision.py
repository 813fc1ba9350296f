"""One more revision at the end of a PDF that typst wrote: objects added or written anew, without reading the rest of the file.

Only for files of our own making, which have a plain table of references, one object to each place and no encryption. What is otherwise raises
NotOurs. Files of strangers are read elsewhere, by libraries made for them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_REFERENCE = re.compile(rb"(?<![\w.])(\d+) 0 R\b")
_FIRST_LINE = re.compile(rb"\s*(\d+) 0 obj\s*")
_SECTION = re.compile(rb"(\d+) (\d+)[ \r\n]+")
_ENTRY = 20  # bytes of one line in a table of references


class NotOurs(ValueError):
    """This is not a file as typst and we write them."""


@dataclass(frozen=True)
class Form:
    """A page of another file as one picture: its objects, the picture first. Between the parts of an object's head stand references to
    the others, by their place in this list."""

    objects: tuple[
        tuple[tuple[bytes, ...], tuple[int, ...], bytes], ...
    ]  # parts of the head, references between, stream


class Revision:
    def __init__(self, pdf: bytes) -> None:
        self.pdf = pdf
        self._tables: list[tuple[int, int, int]] = []  # first number, how many, where its lines begin; the newest first
        self._written: dict[int, bytes] = {}
        try:
            self._table = int(pdf[pdf.rindex(b"startxref") + 9 :].split(None, 1)[0])
            trailer = self._read_tables(self._table)
        except (ValueError, IndexError) as error:
            raise NotOurs("no table of references") from error
        self._next = int(_of(trailer, b"Size"))
        self.root, self.info = int(_of(trailer, b"Root").split()[0]), int(_of(trailer, b"Info").split()[0])
        self._id = trailer[trailer.index(b"/ID") : trailer.index(b"]", trailer.index(b"/ID")) + 1]

    def _read_tables(self, at: int) -> bytes:
        newest = b""
        while True:
            if self.pdf[at : at + 4] != b"xref":
                raise NotOurs("no plain table of references")
            at += 5
            while match := _SECTION.match(self.pdf, at):
                self._tables.append((int(match[1]), int(match[2]), match.end()))
                at = match.end() + _ENTRY * int(match[2])
            trailer = self.pdf[at : self.pdf.index(b"startxref", at)]
            newest = newest or trailer
            if b"/Prev" not in trailer:
                return newest
            at = int(_of(trailer, b"Prev"))

    def read(self, number: int) -> bytes:
        """An object that is no stream, as it is now."""
        if number in self._written:
            return self._written[number]
        at = self._place_of(number)
        return self.pdf[at : self.pdf.index(b"endobj", at)].rstrip()

    def _place_of(self, number: int) -> int:
        for first, count, lines in self._tables:
            if first <= number < first + count:
                place = int(self.pdf[lines + _ENTRY * (number - first) :][:10])
                head = _FIRST_LINE.match(self.pdf, place)
                if head is None or int(head[1]) != number:
                    break
                return head.end()
        raise NotOurs(f"object {number} is not where it should be")

    def pages(self) -> list[int]:
        return list(self._pages_under(self.reference(self.root, b"Pages")))

    def _pages_under(self, number: int) -> Iterator[int]:
        content = self.read(number)
        if b"/Kids" not in content:
            yield number
            return
        at = content.index(b"[", content.index(b"/Kids"))
        for kid in _REFERENCE.findall(content[at : content.index(b"]", at)]):
            yield from self._pages_under(int(kid))

    def add(self, content: bytes) -> int:
        number = self._next
        self._next += 1
        self._written[number] = content
        return number

    def write_anew(self, number: int, content: bytes) -> None:
        self._written[number] = content

    def with_entries(self, number: int, entries: bytes) -> None:
        """More entries in a dictionary that has none of these names."""
        content = self.read(number).rstrip()
        if not content.endswith(b">>"):
            raise NotOurs(f"object {number} is no dictionary")
        self.write_anew(number, content[:-2] + entries + b">>")

    def into_list(self, number: int, name: bytes, reference: int, *, first: bool = False) -> None:
        """A reference more in an entry of a dictionary that is a list, or one reference, or not there yet."""
        content = self.read(number)
        one = b"%d 0 R" % reference
        match = re.search(rb"/" + name + rb"\s*(\[[^\]]*\]|\d+ 0 R)", content)
        if match is None:
            self.with_entries(number, b"/" + name + b"[" + one + b"]")
            return
        inner = match[1].strip(b"[]").strip()
        both = one + b" " + inner if first else inner + b" " + one
        self.write_anew(
            number, content[: match.start()] + b"/" + name + b"[" + both.strip() + b"]" + content[match.end() :]
        )

    def into_dictionary(self, number: int, name: bytes, entry: bytes) -> None:
        """An entry more in a dictionary within a dictionary, which may not be there yet."""
        content = self.read(number)
        match = re.search(rb"/" + name + rb"\s*<<", content)
        if match is None:
            self.with_entries(number, b"/" + name + b"<<" + entry + b">>")
        else:
            self.write_anew(number, content[: match.end()] + entry + content[match.end() :])

    def reference(self, number: int, name: bytes) -> int:
        """The number of the object that an entry of a dictionary names."""
        return int(_of(self.read(number), name).split()[0])

    def draw(self, form: Form) -> int:
        """The objects of the picture in this file; the number of the picture."""
        first = self._next
        for parts, references, stream in form.objects:
            told = [parts[0]]
            for reference, part in zip(references, parts[1:], strict=True):
                told += [b"%d 0 R" % (first + reference), part]
            self.add(b"".join(told) + stream)
        return first

    def done(self) -> tuple[bytes, dict[int, int]]:
        """The whole file, and where each written object begins (after its first line)."""
        pieces, places, starts, at = [self.pdf], {}, {}, len(self.pdf)
        if not self.pdf.endswith(b"\n"):
            pieces.append(b"\n")
            at += 1
        for number in sorted(self._written):
            head = b"%d 0 obj\n" % number
            piece = head + self._written[number] + b"\nendobj\n"
            places[number], starts[number] = at, at + len(head)
            pieces.append(piece)
            at += len(piece)
        table = [b"xref\n"]
        numbers = sorted(places)
        for run in _runs(numbers):
            table.append(b"%d %d\n" % (run[0], len(run)))
            table += [b"%010d 00000 n\r\n" % places[number] for number in run]
        table.append(
            b"trailer\n<</Size %d/Root %d 0 R/Info %d 0 R%s/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
            % (self._next, self.root, self.info, self._id, self._table, at)
        )
        return b"".join(pieces + table), starts


def text(words: str) -> bytes:
    """A text string of a dictionary."""
    return b"<FEFF" + words.encode("utf-16-be").hex().upper().encode() + b">"


@lru_cache(maxsize=64)
def form_of(pdf: bytes) -> Form:
    """The first page of a file of typst as a picture for other files."""
    source = Revision(pdf)
    page = source.read(source.pages()[0])
    contents, resources = (source.reference(source.pages()[0], name) for name in (b"Contents", b"Resources"))
    box = page[page.index(b"[", page.index(b"/MediaBox")) :]
    box = box[: box.index(b"]") + 1]
    order, heads, streams = [contents], [], []
    for number in order:  # grows while it is walked
        head, stream = _parted(source.pdf, source._place_of(number))
        if number == contents:
            head = head.replace(
                b"<<", b"<</Type/XObject/Subtype/Form/BBox%s/Resources %d 0 R" % (box, resources), 1
            )  # fmt: skip
        for reference in map(int, _REFERENCE.findall(head)):
            if reference not in order:
                order.append(reference)
        heads.append(head)
        streams.append(stream)
    objects = []
    for head, stream in zip(heads, streams, strict=True):
        parts = _REFERENCE.split(head)
        objects.append((tuple(parts[::2]), tuple(order.index(int(one)) for one in parts[1::2]), stream))
    return Form(tuple(objects))


def _parted(pdf: bytes, at: int) -> tuple[bytes, bytes]:
    """An object as its head and, where it has one, its stream."""
    stream, end = pdf.find(b"stream\n", at), pdf.index(b"endobj", at)
    if not 0 <= stream < end:
        return pdf[at:end].rstrip(), b""
    head = pdf[at:stream]
    length = int(_of(head, b"Length"))
    return head, pdf[stream : stream + len(b"stream\n") + length] + b"\nendstream"


def _of(dictionary: bytes, name: bytes) -> bytes:
    match = re.search(rb"/" + name + rb"\s*(\d+(?: 0 R)?)(?![\w.])", dictionary)
    if match is None:
        raise NotOurs(f"no {name.decode()}")
    return match[1]


def _runs(numbers: list[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for number in numbers:
        if run and number != run[-1] + 1:
            yield run
            run = []
        run.append(number)
    if run:
        yield run
