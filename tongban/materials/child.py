"""Reads one uploaded file in a process of its own that may read libraries and fonts, and nothing else.

Started by `gate.py` as a script (`python -I child.py OPTIONS`): the file is on standard input, the answer goes to standard
output as one line of JSON followed by the bytes it describes. Imports neither Django nor anything of ours, and the
libraries only when the content asks for them, so that it starts in a few hundredths of a second.
"""

import contextlib
import ctypes
import io
import json
import math
import os
import resource
import signal
import struct
import sys
import time
import zlib

SNIFF = 1024
PREVIEW_SIDE = 1600
JPEG_QUALITY, PREVIEW_QUALITY = 88, 80
LINE_ART_COLOURS = 64
LONGEST_CODE = 8192  # twice what the largest code can hold
SMALLEST_POINTS, LARGEST_POINTS = 3, 14_400
UNPACKED_STREAM, UNPACKED_TOTAL = 32 << 20, 128 << 20

HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
PIL_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/heic": "HEIF"}

# What pages and streams may carry beside what they show. Annotations are drawn into the page before they go.
PAGE_EXTRAS = (
    "/AA", "/AF", "/Annots", "/B", "/Dur", "/Metadata", "/PieceInfo", "/PresSteps", "/StructParents", "/Tabs", "/Thumb",
    "/Trans", "/VP",
)  # fmt: skip
STREAM_EXTRAS = ("/AF", "/Metadata", "/OPI", "/PieceInfo", "/Ref", "/StructParent", "/StructParents")
FOREIGN_CONTENT = ("/F", "/FFilter", "/FDecodeParms")  # the content of a stream would come from another file
ACTIONS = {
    "/GoToE", "/GoToR", "/Hide", "/ImportData", "/JavaScript", "/Launch", "/Movie", "/Named", "/Rendition", "/ResetForm",
    "/RichMediaExecute", "/SetOCGState", "/Sound", "/SubmitForm", "/Thread", "/URI",
}  # fmt: skip


class Refuse(Exception):
    def __init__(self, code, **facts):
        super().__init__(code)
        self.code, self.facts = code, facts


# --- the walls


def confine(memory: int, cpu_seconds: int) -> list[str]:
    """Give up everything reading does not need. Answers with what this system could enforce."""
    held = []
    for name, what, limit in (
        ("memory", resource.RLIMIT_AS, memory),
        ("cpu", resource.RLIMIT_CPU, cpu_seconds),
        ("no_files_written", resource.RLIMIT_FSIZE, 0),
        ("no_core", resource.RLIMIT_CORE, 0),
        ("few_open_files", resource.RLIMIT_NOFILE, 64),
    ):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(what, (limit, limit))
            held.append(name)
    if not sys.platform.startswith("linux"):
        return held
    libc = ctypes.CDLL(None, use_errno=True)
    set_parent_death_signal, set_no_new_privileges = 1, 38
    libc.prctl(set_parent_death_signal, signal.SIGKILL, 0, 0, 0)
    if libc.prctl(set_no_new_privileges, 1, 0, 0, 0) == 0:
        held.append("no_new_privileges")
    if without_network():
        held.append("no_network")
    if _only_libraries_readable(libc):
        held.append("only_libraries_readable")
    return held


def without_network() -> bool:
    """A world without a network card. Only a process that has no threads yet can go there."""
    new_user, new_net = 0x10000000, 0x40000000
    return sys.platform.startswith("linux") and ctypes.CDLL(None).unshare(new_user | new_net) == 0


def _only_libraries_readable(libc) -> bool:
    """Landlock: from here on this process opens nothing but libraries and fonts, and executes nothing at all."""
    create, add_rule, restrict = 444, 445, 446
    libc.syscall.restype = ctypes.c_long
    version = libc.syscall(create, None, 0, 1)
    if version < 1:
        return False
    every_access = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    attributes = struct.pack("=QQQ", every_access, 0b11, 0b11)[: 8 if version < 4 else 16 if version < 6 else 24]
    rules = libc.syscall(create, attributes, len(attributes), 0)
    if rules < 0:
        return False
    read_file, read_dir = 1 << 2, 1 << 3
    libraries = (sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64", "/etc/fonts", "/etc/ld.so.cache")
    for place in (*libraries, "/dev/urandom"):
        with contextlib.suppress(OSError):
            inside = os.open(place, os.O_PATH | os.O_CLOEXEC)
            allowed = read_file | read_dir if os.path.isdir(place) else read_file
            libc.syscall(add_rule, rules, 1, struct.pack("=Qi", allowed, inside), 0)
            os.close(inside)
    done = libc.syscall(restrict, rules, 0) == 0
    os.close(rules)
    return done


# --- what is it


def kind_of(head: bytes) -> str:
    """The kind by content; the name is never asked."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        length = min(int.from_bytes(head[:4], "big"), len(head))
        brands = {head[8:12]} | {head[at : at + 4] for at in range(16, length, 4)}
        if head[8:12] not in (b"avif", b"avis") and brands & HEIC_BRANDS:
            return "image/heic"
        raise Refuse("other_picture" if brands & {b"avif", b"avis"} else "video")
    if head.lstrip(b"\xef\xbb\xbf\0\t\n\f\r ").startswith(b"%PDF-"):
        return "application/pdf"
    raise Refuse(_name_what_it_is(head))


def _name_what_it_is(head: bytes) -> str:
    """Only for the sentence: nothing named here is ever read."""
    if head.startswith((b"GIF8", b"II*\0", b"MM\0*", b"BM", b"\0\0\1\0", b"\x76\x2f\x31\x01")):
        return "other_picture"
    if head.startswith(b"PK\x03\x04"):
        office = b"[Content_Types].xml" in head or b"word/" in head or b"xl/" in head or b"opendocument" in head
        return "ofd" if b"OFD.xml" in head else "office" if office else "archive"
    if head.startswith((b"\xd0\xcf\x11\xe0", b"{\\rtf")):
        return "office"
    if head.startswith((b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")):
        return "archive"
    if head.startswith((b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")):
        return "program"
    if head.lstrip(b"\xef\xbb\xbf\t\n\r ").startswith((b"<", b"%!PS")):
        return "web_page"
    return "unknown_kind"


# --- pictures


def read_picture(source, mime, limits) -> dict:
    from PIL import ImageOps  # noqa: PLC0415 - only what the content needs is loaded

    side = limits["side"]
    picture, notes = _opened(source, mime, limits)
    lossless = mime in ("image/png", "image/webp")
    profile = picture.info.get("icc_profile")
    with contextlib.suppress(OSError, SyntaxError, ValueError, struct.error, KeyError, TypeError):
        ImageOps.exif_transpose(picture, in_place=True)
    picture = _plain(_fitted(picture, side), profile)
    mime, content = _encoded(picture, JPEG_QUALITY, may_be_drawing=lossless)
    if max(picture.size) <= PREVIEW_SIDE:
        preview = None
    else:
        preview = _encoded(_fitted(picture, PREVIEW_SIDE), PREVIEW_QUALITY, may_be_drawing=lossless)
    page = {"width": picture.width, "height": picture.height, "preview": preview or (mime, content)}
    return {"mime": mime, "content": content, "pages": [page], "notes": notes}


def _opened(source, mime, limits):
    """The picture, its dots read, not larger than our own limits; and what has to be said about it."""
    from PIL import Image  # noqa: PLC0415

    if mime == "image/heic":
        import pi_heif  # noqa: PLC0415

        pi_heif.register_heif_opener(thumbnails=False)
        pi_heif.options.DECODE_THREADS = 1
    Image.MAX_IMAGE_PIXELS = None  # our own limit is below, and says so in words
    side = limits["side"]
    try:
        picture = Image.open(source, formats=[PIL_FORMATS[mime]])
        if picture.width * picture.height > limits["pixels"]:
            raise Refuse("too_many_pixels", width=picture.width, height=picture.height, limit=limits["pixels"])
        notes = ["only_first_frame"] if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1 else []
        picture.draft("RGB", (side, side))  # a huge JPEG is decoded at half or a quarter already
        picture.load()
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, IndexError, RuntimeError) as error:
        raise Refuse("damaged") from error
    return picture, notes


def codes_in(source, mime, limits) -> list[str]:
    """What QR and Aztec codes in a picture say, the first ten of them."""
    import zxingcpp  # noqa: PLC0415

    picture, _notes = _opened(source, mime, limits)
    grey = _plain(_fitted(picture, limits["side"]), None).convert("L")
    formats = zxingcpp.BarcodeFormat.QRCode | zxingcpp.BarcodeFormat.Aztec
    try:
        found = zxingcpp.read_barcodes(grey, formats=formats, text_mode=zxingcpp.TextMode.Plain)
    except (RuntimeError, ValueError, TypeError) as error:
        raise Refuse("damaged") from error
    return [code.text[:LONGEST_CODE] for code in found[:10]]


def _fitted(picture, side):
    if max(picture.size) <= side:
        return picture
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    if picture.mode in ("1", "P"):
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB" if picture.mode == "P" else "L")
    return picture.resize(size, resample=1 if not picture.mode.startswith("I") else 0, reducing_gap=3.0)


def _plain(picture, profile):
    """Grey or RGB in sRGB on white paper, and not one word of what the camera wrote beside it."""
    from PIL import Image  # noqa: PLC0415

    if picture.mode.startswith("I") or picture.mode == "F":  # 16 bits a pixel
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if picture.mode in ("P", "PA", "LA", "La", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    if picture.mode == "RGBA":
        paper = Image.new("RGB", picture.size, "white")
        paper.paste(picture, mask=picture.getchannel("A"))
        picture = paper
    if profile:
        picture = _in_srgb(picture, profile)
    if picture.mode not in ("1", "L", "RGB"):
        picture = picture.convert("RGB")
    picture.info = {}
    return picture


def _in_srgb(picture, profile):
    from PIL import ImageCms  # noqa: PLC0415

    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        fits = {"RGB ": "RGB", "CMYK": "CMYK", "GRAY": "L"}.get(given.profile.xcolor_space) == picture.mode
        if not fits or "sRGB" in (given.profile.profile_description or ""):
            return picture
        return ImageCms.profileToProfile(picture, given, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture


def _encoded(picture, quality, *, may_be_drawing) -> tuple[str, bytes]:
    """Drawings and scanned lines stay sharp as PNG; photographs become JPEG."""
    to = io.BytesIO()
    if picture.mode == "1" or (may_be_drawing and picture.getcolors(LINE_ART_COLOURS)):
        picture.save(to, "PNG", compress_level=6)
        return "image/png", to.getvalue()
    picture.save(to, "JPEG", quality=quality)
    return "image/jpeg", to.getvalue()


# --- PDF


def read_pdf(source, limits) -> dict:
    import pikepdf  # noqa: PLC0415

    not_a_pdf_after_all = (
        pikepdf.PdfError,
        pikepdf.ForeignObjectError,
        pikepdf.DeletedObjectError,
        ArithmeticError,
        AttributeError,
        LookupError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
    )
    try:
        with pikepdf.open(source) as given:
            pages = len(given.pages)
            if not pages:
                raise Refuse("damaged")
            if pages > limits["pages"]:
                raise Refuse("too_many_pages", pages=pages, limit=limits["pages"])
            sizes = [_size_of(page) for page in given.pages]
            notes = _what_it_would_do(given, pikepdf)
            _draw_annotations(given, pikepdf)
            content = _rewritten(given, pikepdf, limits)
    except pikepdf.PasswordError as error:
        raise Refuse("password") from error
    except not_a_pdf_after_all as error:
        raise Refuse("damaged") from error
    previews = render(content, range(pages), until=limits["previews_until"])
    shown = [
        {"width": round(width), "height": round(height), "preview": preview}
        for (width, height), preview in zip(sizes, previews, strict=True)
    ]
    return {"mime": "application/pdf", "content": content, "pages": shown, "notes": notes}


def _what_it_would_do(pdf, pikepdf) -> list[str]:
    """Refuse what tries to start something; note what is left out of the safe copy, so that nobody is surprised."""
    notes, root = [], pdf.Root
    names, form = _entry(root, "/Names", pikepdf), _entry(root, "/AcroForm", pikepdf)
    actions = [root.get("/OpenAction"), *_entry(root, "/AA", pikepdf).values()]
    for page in pdf.pages:
        actions += _entry(page.obj, "/AA", pikepdf).values()
        for note in _dictionaries(page.obj.get("/Annots"), pikepdf):
            actions += [note.get("/A"), *_entry(note, "/AA", pikepdf).values()]
            if note.get("/Subtype") in ("/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/3D", "/Screen"):
                notes.append("attachments_removed")
    kinds = set()
    for action in actions:
        kinds |= _kinds_of_action(action, pikepdf)
    if "/Launch" in kinds:
        raise Refuse("starts_programs")
    if "/Collection" in root:
        raise Refuse("collection")
    fields = _dictionaries(form.get("/Fields"), pikepdf)
    if root.get("/NeedsRendering") or ("/XFA" in form and not fields):
        raise Refuse("live_form")
    if "/JavaScript" in kinds or "/JavaScript" in names:
        notes.append("script_removed")
    if kinds & {"/URI", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE"}:
        notes.append("links_removed")
    if "/EmbeddedFiles" in names or "/AF" in root:
        notes.append("attachments_removed")
    if any(_is_signed(field, pikepdf) for field in fields):
        notes.append("signature_removed")
    return list(dict.fromkeys(notes))


def _entry(dictionary, key, pikepdf) -> dict:
    """The dictionary under a key as Python's own; empty where there is none (every pikepdf object pretends to have keys)."""
    value = dictionary.get(key)
    return {name: value[name] for name in value.keys()} if isinstance(value, pikepdf.Dictionary) else {}  # noqa: SIM118


def _dictionaries(array, pikepdf) -> list:
    return [item for item in array if isinstance(item, pikepdf.Dictionary)] if isinstance(array, pikepdf.Array) else []


def _kinds_of_action(action, pikepdf, depth=0) -> set[str]:
    if depth > 20 or not isinstance(action, pikepdf.Dictionary):
        return set()
    kinds, following = {str(action.get("/S", ""))}, action.get("/Next")
    for one in _dictionaries(following, pikepdf) or [following]:
        kinds |= _kinds_of_action(one, pikepdf, depth + 1)
    return kinds


def _is_signed(field, pikepdf, depth=0) -> bool:
    if field.get("/FT") == "/Sig" and "/V" in field:
        return True
    return depth < 20 and any(_is_signed(kid, pikepdf, depth + 1) for kid in _dictionaries(field.get("/Kids"), pikepdf))


def _size_of(page) -> tuple[float, float]:
    """Width and height in points, as the page is looked at."""
    left, bottom, right, top = (float(edge) for edge in page.cropbox)
    unit = float(page.obj.get("/UserUnit", 1))
    width, height = abs(right - left) * unit, abs(top - bottom) * unit
    furthest = max(abs(float(edge)) for edge in page.mediabox)
    if (
        not all(SMALLEST_POINTS <= length <= LARGEST_POINTS for length in (width, height))
        or furthest > 2 * LARGEST_POINTS
    ):
        raise Refuse("page_size", width=round(width / 72 * 2.54), height=round(height / 72 * 2.54))
    return (height, width) if page.rotation % 180 else (width, height)


def _draw_annotations(pdf, pikepdf) -> None:
    """Filled-in fields and stamps become part of the page; what reacts to a click is gone afterwards."""
    form = pdf.Root.get("/AcroForm")
    if isinstance(form, pikepdf.Dictionary):
        undrawn = False
        for page in pdf.pages:
            for widget in _dictionaries(page.obj.get("/Annots"), pikepdf):
                value = widget.get("/V", _entry(widget, "/Parent", pikepdf).get("/V"))
                if widget.get("/Subtype") == "/Widget" and "/AP" not in widget and isinstance(value, pikepdf.String):
                    undrawn = True
                    if not str(value).isascii():
                        raise Refuse("live_form")  # only the program it was filled in with knows how these letters look
        if undrawn:
            form.NeedAppearances = True
            pdf.generate_appearance_streams()
        if "/NeedAppearances" in form:
            del form.NeedAppearances
    pdf.flatten_annotations()


def _rewritten(given, pikepdf, limits) -> bytes:
    """A new document that has nothing of the old one but what its pages show."""
    safe = pikepdf.new()
    for page in given.pages:
        safe.pages.append(page)
    layers = given.Root.get("/OCProperties")
    if isinstance(layers, pikepdf.Dictionary):  # says which layers are hidden
        safe.Root.OCProperties = safe.copy_foreign(given.make_indirect(layers))
    unpacked = 0
    for thing in safe.objects:
        if isinstance(thing, pikepdf.Stream):
            unpacked += _unpacked_size(thing, pikepdf, limits)
            if unpacked > UNPACKED_TOTAL:
                raise Refuse("unpacks_too_big")
        _disarm(thing, pikepdf)
    to = io.BytesIO()
    safe.save(
        to,
        deterministic_id=True,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
    )
    return to.getvalue()


def _disarm(thing, pikepdf, depth=0) -> None:
    """Take out of a page, or of anything it uses, what could run, fetch or carry something. Names of fonts and pictures are free."""
    if depth > 50:
        raise Refuse("damaged")
    is_dictionary, is_stream = isinstance(thing, pikepdf.Dictionary), isinstance(thing, pikepdf.Stream)
    if isinstance(thing, pikepdf.Array):
        inner = list(thing)
    elif is_dictionary or is_stream:
        extras = STREAM_EXTRAS + FOREIGN_CONTENT if is_stream else PAGE_EXTRAS if thing.get("/Type") == "/Page" else ()
        for key in list(thing.keys()):
            if key in extras or _is_active(thing[key], pikepdf):
                del thing[key]
        inner = [thing[key] for key in thing.keys()]  # noqa: SIM118
    else:
        return
    for part in inner:
        if isinstance(part, (pikepdf.Array, pikepdf.Dictionary)) and not part.is_indirect:
            _disarm(part, pikepdf, depth + 1)


def _is_active(value, pikepdf) -> bool:
    if not isinstance(value, (pikepdf.Dictionary, pikepdf.Stream)):
        return False
    kind = str(value.get("/Type", ""))
    return kind in ("/Action", "/EmbeddedFile", "/Filespec") or str(value.get("/S", "")) in ACTIONS or "/EF" in value


def _unpacked_size(stream, pikepdf, limits) -> int:
    """How much a stream becomes when unpacked, found without ever holding it."""
    filters = stream.get("/Filter", [])
    filters = [str(one) for one in filters] if isinstance(filters, (list, pikepdf.Array)) else [str(filters)]
    if filters.count("/FlateDecode") > 1 or len(filters) > 3:
        raise Refuse("unpacks_too_big")
    if stream.get("/Subtype") == "/Image":
        width, height = int(stream.get("/Width", 0)), int(stream.get("/Height", 0))
        if width * height > limits["pixels"]:
            raise Refuse("too_many_pixels", width=width, height=height, limit=limits["pixels"])
        return 0
    if filters[:1] != ["/FlateDecode"]:
        return 0
    packed, total, unpack = stream.read_raw_bytes(), 0, zlib.decompressobj()
    with contextlib.suppress(zlib.error):
        while packed and not unpack.eof:
            total += len(unpack.decompress(packed, 1 << 18))
            packed = unpack.unconsumed_tail
            if total > UNPACKED_STREAM:
                raise Refuse("unpacks_too_big")
    return total


def render(content, numbers, *, until) -> list[tuple[str, bytes] | None]:
    """Previews of these pages of a safe copy; None for those that no time was left for (made when somebody looks)."""
    import pypdfium2  # noqa: PLC0415

    previews: list[tuple[str, bytes] | None] = []
    try:
        with contextlib.closing(pypdfium2.PdfDocument(content)) as pdf:
            for number in numbers:
                if time.monotonic() > until:
                    previews.append(None)
                    continue
                page = pdf[number]
                scale = min(PREVIEW_SIDE / max(page.get_size()), 4)
                picture = page.render(scale=scale, may_draw_forms=False, rev_byteorder=True).to_pil()
                previews.append(_encoded(picture.convert("RGB"), PREVIEW_QUALITY, may_be_drawing=True))
                page.close()
    except (pypdfium2.PdfiumError, ValueError) as error:
        raise Refuse("damaged") from error
    return previews


# --- safe copies, opened again


def one_page(source, mime, number, turned) -> tuple[str, bytes]:
    """One page of a safe copy as a file of its own, turned clockwise by so many degrees."""
    to = io.BytesIO()
    if mime == "application/pdf":
        import pikepdf  # noqa: PLC0415

        with pikepdf.open(source) as whole, pikepdf.new() as single:
            single.pages.append(whole.pages[number])
            single.pages[0].rotate(turned, relative=True)
            single.save(to, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    else:
        from PIL import Image  # noqa: PLC0415

        Image.MAX_IMAGE_PIXELS = None
        picture = Image.open(source, formats=[PIL_FORMATS[mime]])
        turn = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}[turned]
        picture.transpose(turn).save(to, PIL_FORMATS[mime], **({"quality": 92} if mime == "image/jpeg" else {}))
    return mime, to.getvalue()


# --- the errand


def answer(to, header: dict, blobs: list[bytes]) -> None:
    to.write(json.dumps({**header, "blobs": [len(blob) for blob in blobs]}).encode() + b"\n")
    for blob in blobs:
        to.write(blob)
    to.flush()


def main(options: dict, source, to) -> None:
    limits = options["limits"]
    limits["previews_until"] = time.monotonic() + limits["preview_seconds"]
    held = confine(limits["memory"], limits["cpu_seconds"])
    if options["errand"] == "walls":
        return answer(to, {"held": held}, [])
    try:
        if options["errand"] == "render":
            mime, preview = render(source.read(), [options["page"]], until=math.inf)[0] or ("", b"")
            return answer(to, {"mime": mime}, [preview])
        if options["errand"] == "page":
            mime, content = one_page(source, options["mime"], options["page"], options["turned"])
            return answer(to, {"mime": mime}, [content])
        given = kind_of(source.read(SNIFF))
        source.seek(0)
        if options["errand"] == "codes":
            if given == "application/pdf":
                raise Refuse("not_a_picture")
            return answer(to, {"codes": codes_in(source, given, limits)}, [])
        found = read_pdf(source, limits) if given == "application/pdf" else read_picture(source, given, limits)
    except Refuse as refusal:
        why = repr(refusal.__cause__)[:300] if refusal.__cause__ else ""
        return answer(to, {"refused": refusal.code, "facts": refusal.facts, "why": why}, [])
    except MemoryError:
        return answer(to, {"refused": "too_heavy", "facts": {}, "why": "memory"}, [])
    blobs, pages = [found["content"]], []
    for page in found["pages"]:
        preview = page["preview"]
        pages.append({"width": page["width"], "height": page["height"], "preview": preview and preview[0]})
        if preview:
            blobs.append(preview[1])
    return answer(to, {"given": given, "mime": found["mime"], "notes": found["notes"], "pages": pages}, blobs)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)
