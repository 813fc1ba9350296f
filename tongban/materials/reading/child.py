"""Reads pages in a process of its own: words, where they stand, and how good the picture is. Knows nothing of what they mean.

Started by `desk.py` as a script (`python -I child.py OPTIONS`). It leaves the network, loads the engine, gives up
everything else (the walls of `materials/child.py`), says so in one line, and then answers one line of JSON to each page: a line that says how many bytes
follow, and the bytes of a safe copy. It imports neither Django nor anything of ours.
"""

import contextlib
import importlib.util
import io
import json
import math
import os
import resource
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SIDE = 2600  # of the picture letters are cut from
DETECT_SIDE = 1216  # of the picture in which lines are looked for
POINTS_TO_DOTS = 200 / 72
SURE_ENOUGH = 0.5
TURN_SAMPLE = 8
TEXT_LAYER_AT_LEAST = 20
ENGINE = "rapidocr"


def brought(path: Path):
    """Another script of ours by its place, because an isolated Python looks for nothing beside itself."""
    spec = importlib.util.spec_from_file_location(path.stem + "_beside", path)
    assert spec is not None and spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- the engine


class Engine:
    """The three models one after the other, each on one thread: where lines are, which way up, what they say."""

    def __init__(self):
        import cv2  # noqa: PLC0415 - loaded in the child alone
        import onnxruntime  # noqa: PLC0415
        import rapidocr  # noqa: PLC0415
        from rapidocr.utils.process_img import get_rotate_crop_image  # noqa: PLC0415

        cv2.setNumThreads(1)
        onnxruntime.disable_telemetry_events()
        one = "EngineConfig.onnxruntime."
        whole = rapidocr.RapidOCR(
            params={
                "Global.log_level": "critical",
                f"{one}intra_op_num_threads": 1,
                f"{one}inter_op_num_threads": 1,
                "Det.limit_type": "max",
                "Det.limit_side_len": DETECT_SIDE,
                "Det.box_thresh": 0.45,
                "Rec.rec_batch_num": 1,
            }
        )
        self._find, self._turn, self._read = whole._load_det_model(), whole._load_cls_model(), whole._load_rec_model()
        self._cut = get_rotate_crop_image

    def lines(self, picture):
        """[(four corners, text, sureness)] in the dots of the picture, and by how many quarters it should be turned clockwise."""
        import numpy as np  # noqa: PLC0415

        found = self._find(picture)
        if found.boxes is None or not len(found.boxes):
            return [], 0
        corners = [np.asarray(box, dtype=np.float32) for box in found.boxes]
        quarters = self._quarters(picture, corners)
        if quarters:
            height, width = picture.shape[:2]
            picture = np.ascontiguousarray(np.rot90(picture, -quarters))
            corners = [turned(box, quarters, width, height) for box in corners]
        corners = [in_order(box) for box in corners]
        said = self._said([self._cut(picture, box.copy()) for box in corners])
        return [
            (box, text.strip(), float(sure))
            for box, (text, sure) in zip(corners, said, strict=True)
            if text.strip() and sure >= SURE_ENOUGH
        ], quarters

    def _quarters(self, picture, corners) -> int:
        """Which way up the page is, asked of some of its lines: neither too short to tell nor too long for the model's eye."""
        import numpy as np  # noqa: PLC0415

        longest = sorted(corners, key=lambda box: (not 2 <= stretch(box) <= 10, -extent(box)))[:TURN_SAMPLE]
        lying = [box for box in longest if height_of(box) > 1.5 * width_of(box)]
        sideways = len(lying) * 2 > len(longest)
        if sideways:
            height, width = picture.shape[:2]
            picture = np.ascontiguousarray(np.rot90(picture, -1))
            longest = [in_order(turned(box, 1, width, height)) for box in lying]
        else:
            longest = [in_order(box) for box in longest if height_of(box) <= 1.5 * width_of(box)]
        if not longest:
            return 0
        crops = [self._cut(picture, box.copy()) for box in longest]
        found = self._turn([crop.copy() for crop in crops])
        against = [label == "180" for label, _sure in found.cls_res]
        upside_down = sum(against) * 2 > len(against)
        if upside_down or any(against):  # the model errs; what can be read is the right way up
            upside_down = self._reads_better_turned(crops[:3])
        return (1 if sideways else 0) + (2 if upside_down else 0)

    def _reads_better_turned(self, crops) -> bool:
        def sure(pictures):
            return sum(float(score) * len(text) for text, score in self._said(pictures))

        return sure([crop[::-1, ::-1].copy() for crop in crops]) > sure(crops)

    def _said(self, crops):
        from rapidocr.ch_ppocr_rec import TextRecInput  # noqa: PLC0415

        read = self._read(TextRecInput(img=crops, return_word_box=False))
        return list(zip(read.txts, read.scores, strict=True))


def width_of(box) -> float:
    return float(max(math.dist(box[0], box[1]), math.dist(box[3], box[2])))


def height_of(box) -> float:
    return float(max(math.dist(box[0], box[3]), math.dist(box[1], box[2])))


def stretch(box) -> float:
    shorter, longer = sorted((width_of(box), height_of(box)))
    return longer / max(shorter, 1.0)


def extent(box) -> float:
    return max(width_of(box), height_of(box))


def turned(box, quarters, width, height):
    """The corners after the picture of this width and height was turned clockwise by so many quarters."""
    import numpy as np  # noqa: PLC0415

    x, y = box[:, 0], box[:, 1]
    places = {1: (height - y, x), 2: (width - x, height - y), 3: (y, width - x)}[quarters % 4]
    return np.stack(places, axis=1).astype(np.float32)


def in_order(box):
    """Left top first, then clockwise: as the letters run, for lines that lean by less than half a right angle."""
    import numpy as np  # noqa: PLC0415

    by_sum, by_difference = box.sum(axis=1), box[:, 0] - box[:, 1]
    order = [by_sum.argmin(), by_difference.argmax(), by_sum.argmax(), by_difference.argmin()]
    return box[order] if len(set(map(int, order))) == 4 else np.asarray(box)


# --- one page


def read_picture(content, turned_by):
    from PIL import Image  # noqa: PLC0415

    Image.MAX_IMAGE_PIXELS = None
    given = Image.open(io.BytesIO(content), formats=["JPEG", "PNG"])
    given.draft("RGB", (SIDE, SIDE))
    picture = given.convert("RGB")
    if max(picture.size) > SIDE:
        scale = SIDE / max(picture.size)
        picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), reducing_gap=2.0)
    return upright(picture, turned_by)


def upright(picture, turned_by):
    from PIL import Image  # noqa: PLC0415

    turns = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
    return picture.transpose(turns[turned_by]) if turned_by else picture


def read_pdf(content, number, turned_by):
    """The drawn page, and the lines of its text layer as far as ink can be seen where they stand."""
    import pypdfium2  # noqa: PLC0415

    with contextlib.closing(pypdfium2.PdfDocument(content)) as pdf:
        page = pdf[number]
        width, height = page.get_size()
        scale = min(POINTS_TO_DOTS, SIDE / max(width, height))
        picture = page.render(scale=scale, may_draw_forms=False, rev_byteorder=True).to_pil().convert("RGB")
        lines = [] if mostly_a_picture(page, width * height) else text_layer(page, width, height)
        page.close()
    seen = [(box, text) for box, text in lines if has_ink(picture, box)]
    if sum(len(text) for _box, text in seen) < TEXT_LAYER_AT_LEAST:
        seen = []
    if turned_by:
        picture = upright(picture, turned_by)
        seen = [(turned_box(box, turned_by // 90), text) for box, text in seen]
    return picture, seen


def mostly_a_picture(page, area) -> bool:
    """A scan with a text layer behind it: what others read there is not what can be seen."""
    import pypdfium2.raw as raw  # noqa: PLC0415

    covered = 0.0
    for thing in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = thing.get_bounds()
        covered = max(covered, abs(right - left) * abs(top - bottom))
    return covered > 0.5 * area


def text_layer(page, width, height):
    """Runs of letters joined into lines: [(box as parts of the page, text)]."""
    text = page.get_textpage()
    try:
        runs = []
        for number in range(min(text.count_rects(), 3000)):
            left, bottom, right, top = text.get_rect(number)
            said = " ".join(text.get_text_bounded(left, bottom, right, top).split())
            if said and right > left and top > bottom:
                runs.append([left, height - top, right, height - bottom, said])
    finally:
        text.close()
    lines: list[list] = []
    for run in sorted(runs, key=lambda run: (round((run[1] + run[3]) / 2), run[0])):
        last = lines[-1] if lines else None
        tall = run[3] - run[1]
        if last and abs((last[1] + last[3]) - (run[1] + run[3])) < tall and -0.2 * tall < run[0] - last[2] < 0.6 * tall:
            gap = " " if run[0] - last[2] > 0.2 * tall and last[4][-1:].isascii() and run[4][:1].isascii() else ""
            last[:] = [last[0], min(last[1], run[1]), run[2], max(last[3], run[3]), last[4] + gap + run[4]]
        else:
            lines.append(run)
    return [
        ((left / width, top / height, (right - left) / width, (bottom - top) / height), said)
        for left, top, right, bottom, said in lines
    ]


def has_ink(picture, box) -> bool:
    left, top, wide, tall = box
    place = (
        max(0, int(left * picture.width)),
        max(0, int(top * picture.height)),
        min(picture.width, math.ceil((left + wide) * picture.width)),
        min(picture.height, math.ceil((top + tall) * picture.height)),
    )
    if place[2] - place[0] < 2 or place[3] - place[1] < 2:
        return False
    darkest, lightest = picture.crop(place).convert("L").getextrema()
    return lightest - darkest > 60


def turned_box(box, quarters):
    left, top, wide, tall = box
    return {
        1: (1 - top - tall, left, tall, wide),
        2: (1 - left - wide, 1 - top - tall, wide, tall),
        3: (top, 1 - left - wide, tall, wide),
    }[quarters]


def read_page(engine, quality, order, content) -> dict:
    import numpy as np  # noqa: PLC0415

    if order["mime"] == "application/pdf":
        picture, layer = read_pdf(content, order["page"], order["turned"])
    else:
        picture, layer = read_picture(content, order["turned"]), []
    if layer:
        lines = [{"text": text, "confidence": 0.97, "box": rounded(box), "flat": rounded(box)} for box, text in layer]
        return {"lines": lines, "quality": quality.of_drawn_page(), "engine": "text layer"}
    dots = np.asarray(picture)[:, :, ::-1]
    found, quarters = engine.lines(np.ascontiguousarray(dots))
    grey = np.asarray(picture.convert("L"))
    if quarters:
        grey = np.ascontiguousarray(np.rot90(grey, -quarters))
    height, width = grey.shape
    lean = quality.lean([corners for corners, _text, _sure in found])
    lines = []
    for corners, text, sure in found:
        straight = around(corners, width, height)
        shown = turned_box(straight, 4 - quarters) if quarters else straight
        flat = around(levelled(corners, lean, width, height), width, height)
        lines.append({"text": text, "confidence": round(sure, 4), "box": rounded(shown), "flat": rounded(flat)})
    judged = quality.of_picture(grey, [corners for corners, _text, _sure in found], lean, quarters)
    return {"lines": lines, "quality": judged, "engine": ENGINE}


def levelled(corners, lean, width, height):
    """The corners with the lean of the page taken out: for seeing what stands beside what."""
    import numpy as np  # noqa: PLC0415

    turn = math.radians(-lean)
    about = np.array([width / 2, height / 2], dtype=np.float32)
    matrix = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]], dtype=np.float32)
    return (corners - about) @ matrix.T + about


def around(corners, width, height):
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    return (left / width, top / height, (right - left) / width, (bottom - top) / height)


def rounded(box):
    return [round(float(part), 4) for part in box]


# --- the errand


def main(options: dict, source, to) -> None:
    def say(answer):
        to.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        to.flush()

    walls, quality = brought(HERE.parent / "child.py"), brought(HERE / "quality.py")
    held = ["no_network"] if walls.without_network() else []  # before libraries start threads of their own
    engine = Engine()
    import PIL.JpegImagePlugin  # noqa: PLC0415
    import PIL.PngImagePlugin  # noqa: F401, PLC0415
    import pypdfium2  # noqa: F401, PLC0415

    held += walls.confine(options["memory"], options["cpu_seconds"])
    say({"ready": True, "held": sorted(set(held))})
    while line := source.readline():
        order = json.loads(line)
        content, began = source.read(order["length"]), time.process_time()
        try:
            answer = read_page(engine, quality, order, content)
        except MemoryError:
            answer = {"failed": "memory"}
        except Exception as error:  # whatever a page does to a library, the next one is read
            answer = {"failed": repr(error)[:300]}
        answer["cpu"] = round(time.process_time() - began, 2)
        answer["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        say(answer)


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not speak in our name
    main(json.loads(sys.argv[1]), sys.stdin.buffer, answers)
