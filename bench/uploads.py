"""A photograph of twelve million pixels taken in: judged, scanned, drawn anew upright without what the camera knew, previewed.

    python bench/uploads.py [rounds]

CPU of this process and of the walled child that does the work, its start included; the child's memory at most. Peer of the same run: Pillow decoding the
same file and writing it again in this process, which is the least any re-encoding costs and protects nobody.
"""

import io
import os
import resource
import sys
import time

from measuring import a_district, interleaved, table


def main(rounds: int) -> None:
    with a_district():
        from PIL import Image

        from tongban.materials import gate

        photo = _photograph()
        small = _photograph((1600, 1200))

        def taken(content: bytes):
            def act() -> float:
                before = _cpu()
                accepted = gate.examine(io.BytesIO(content), name="photo.jpg")
                assert isinstance(accepted, gate.Accepted), accepted
                return (_cpu() - before) * 1000

            return act

        def least() -> float:
            before = _cpu()
            with Image.open(io.BytesIO(photo)) as picture:
                picture.convert("RGB").save(io.BytesIO(), "JPEG", quality=85)
            return (_cpu() - before) * 1000

        def clock() -> float:
            began = time.perf_counter()
            gate.examine(io.BytesIO(photo), name="photo.jpg")
            return (time.perf_counter() - began) * 1000

        found = interleaved(rounds, photo=taken(photo), small=taken(small), least=least, clock=clock)
        child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        table(
            "Uploads",
            ["", "MB", "CPU ms", "times the least"],
            [
                ["photograph, 12 million pixels", len(photo) / 1e6, found["photo"], found["photo"] / found["least"]],
                ["photograph, 2 million pixels", len(small) / 1e6, found["small"], ""],
                ["least: decode and encode, 12 million", len(photo) / 1e6, found["least"], 1.0],
            ],
            f"On the clock {found['clock']:.0f} ms for the large one. The child held {child:.0f} MB at most and is gone afterwards.",
        )


def _cpu() -> float:
    here, there = os.times(), resource.getrusage(resource.RUSAGE_CHILDREN)
    return here.user + here.system + there.ru_utime + there.ru_stime


def _photograph(size=(4000, 3000)) -> bytes:
    """Soft shapes with grain, as a phone would save it, lying on its side."""
    from PIL import Image

    coarse = Image.frombytes("RGB", (64, 48), os.urandom(64 * 48 * 3)).resize(size, Image.Resampling.BICUBIC)
    grain = Image.effect_noise(size, 24).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned
    out = io.BytesIO()
    Image.blend(coarse, grain, 0.25).save(out, "JPEG", quality=88, exif=exif)
    return out.getvalue()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
