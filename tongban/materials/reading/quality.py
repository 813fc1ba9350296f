"""How well a page can be read, from its dots: sharp, light, whole, straight, large enough. Pure; runs in the child."""

import math
import statistics

BLURRED_UNDER = 0.02  # sharpness of the letters; clear print has 0.07 and more
DARK_UNDER = 95  # lightness of the paper, 0 to 255
LIGHT_OVER = 150
SMALL_UNDER = 13  # dots, the height of the middle line
LEANS_OVER = 10.0  # degrees; less is levelled without loss
EDGE = 0.004


def of_drawn_page() -> dict:
    """A page that was never paper has nothing of all this."""
    return _said(blurred=False, dark=False, cut=False, too_small=False, empty=False, skew=0.0, turned=0)


def of_picture(grey, corners, lean: float, quarters: int) -> dict:
    import numpy as np  # noqa: PLC0415 - the child's

    height, width = grey.shape
    sample = grey[:: max(1, height // 400), :: max(1, width // 400)]
    paper, lightest = float(np.percentile(sample, 80)), float(np.percentile(sample, 99.8))
    heights = [min(math.dist(box[0], box[3]), math.dist(box[1], box[2])) for box in corners]
    sharp = sharpness(grey, corners)
    return _said(
        blurred=sharp is not None and sharp < BLURRED_UNDER,
        dark=paper < DARK_UNDER and lightest < LIGHT_OVER,  # light letters on a dark card are not a dark picture
        cut=_touching(corners, width, height),
        too_small=max(width, height) < 500 or (bool(heights) and statistics.median(heights) < SMALL_UNDER),
        empty=not corners,
        skew=round(lean, 1),
        turned=quarters * 90,
        sharpness=None if sharp is None else round(sharp, 3),
        lightness=round(paper),
    )


def _said(**measures) -> dict:
    return {**measures, "leaning": abs(measures["skew"]) > LEANS_OVER}


def sharpness(grey, corners) -> float | None:
    """The variance of the Laplacian over letters brought to one size, as part of their contrast: independent of both."""
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    height, width = grey.shape
    found = []
    for box in sorted(corners, key=lambda box: -max(math.dist(box[0], box[1]), math.dist(box[1], box[2])))[:12]:
        left, top = np.floor(box.min(axis=0)).astype(int)
        right, bottom = np.ceil(box.max(axis=0)).astype(int)
        part = grey[max(0, top) : min(height, bottom), max(0, left) : min(width, right)]
        if min(part.shape) < 8:
            continue
        scale = 32 / min(part.shape)
        if scale < 1:
            part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        contrast = float(part.std())
        if contrast < 6:
            continue
        found.append(float(cv2.Laplacian(part, cv2.CV_64F).var()) / (contrast * contrast))
    return statistics.median(found) / 16 if found else None


def lean(corners) -> float:
    """By how many degrees lines fall to the right; the middle one of the long lines."""
    angles = []
    for box in corners:
        across, down = float(box[1][0] - box[0][0]), float(box[1][1] - box[0][1])
        if math.hypot(across, down) > 3 * math.dist(box[0], box[3]):
            angles.append(math.degrees(math.atan2(down, across)))
    angle = statistics.median(angles) if angles else 0.0
    return angle if abs(angle) < 40 else 0.0


def _touching(corners, width, height) -> bool:
    """A line runs out of the picture."""
    across, down = EDGE * width, EDGE * height
    return any(
        box[:, 0].min() <= across
        or box[:, 1].min() <= down
        or box[:, 0].max() >= width - 1 - across
        or box[:, 1].max() >= height - 1 - down
        for box in corners
    )
