"""A supervisor with small parts: small_house.py FOLDER. Each part writes its process ids into the folder and sleeps."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tongban.site.supervisor import Part, Supervisor

FOLDER = Path(sys.argv[1])


def part(name: str):
    def do():
        helper = subprocess.Popen(["sleep", "600"])  # what a part starts, such as a limited reader of documents
        with (FOLDER / name).open("a") as file:
            file.write(f"{os.getpid()} {helper.pid}\n")
        while True:
            time.sleep(600)

    return do


def dies():
    with (FOLDER / "dies").open("a") as file:
        file.write(f"{time.monotonic()}\n")
    os._exit(3)


parts = [Part("first", part("first")), Part("second", part("second"))]
if "--crashing" in sys.argv:
    parts.append(Part("dies", dies))
house = Supervisor(parts, say=lambda text: print(text, flush=True))
house.begin()
print("begun", flush=True)
while not house.stopping:
    house.wait(5.0)
house.stop()
print("stopped", flush=True)
