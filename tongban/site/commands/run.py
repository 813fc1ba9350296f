import contextlib
import os
import sys
import threading
import time
from types import SimpleNamespace
from typing import TextIO

from django.conf import settings
from django.urls import get_resolver
from django.utils import translation

from tongban.site import asgi, refusal, web
from tongban.site import supervisor as house
from tongban.site.commands import check, main, prepare, work
from tongban.site.sqlite.base import hold_open

HEALTHY_WITHIN = 60.0


def arguments(parser):
    parser.add_argument(
        "--prepare",
        action="store_true",
        help="first bring keys, database, static files and demonstration district up to date",
    )


def say(text: str, stream: TextIO | None = None) -> None:
    """Whoever keeps the house running does not end because nobody hears it: a terminal that was closed, a log on a full disk."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=stream or sys.stdout, flush=True)


def complain(text: str) -> None:
    say(text, sys.stderr)


def run(options) -> int:
    configuration = settings.CONFIGURATION
    house.hold(configuration.var / "run" / "tongban.pid")
    try:
        return _run(configuration, options)
    finally:
        (configuration.var / "run" / "tongban.pid").unlink(missing_ok=True)


def _run(configuration, options) -> int:
    try:
        listener = web.listen(configuration.host, configuration.port)
    except OSError as error:
        sys.stderr.write(house.port_taken(error, configuration.host, configuration.port) + "\n")
        return 1
    if house.apart(refusal.look) == refusal.DAMAGED:
        refusal.serve(listener)
        return refusal.DAMAGED
    if options.prepare and (code := house.apart(prepare.everything)):
        return code
    if code := house.apart(check.before_start):
        return code
    _load_everything()
    house.settle_memory()

    def serve():
        line = hold_open()  # noqa: F841 - held until the process ends
        shell = asgi.shell()
        shell.rehearse("/", "/search/", "/account/sign-in/", afterwards=house.give_memory_back)
        web.serve(shell, listener, backpressure=configuration.backpressure)

    def carry_out():
        listener.close()
        work.run(SimpleNamespace(once=False, sole=True))

    parts = [house.Part(f"web-{number}", serve) for number in range(1, configuration.web_workers + 1)]
    supervisor = house.Supervisor([*parts, house.Part("worker", carry_out)], say=complain)
    supervisor.begin()
    address = configuration.host if configuration.host not in {"0.0.0.0", "::", ""} else "127.0.0.1"  # noqa: S104
    began = time.monotonic()
    well = False
    try:
        while not supervisor.stopping:
            supervisor.wait(0.1 if not well else 5.0)
            if not well and house.answers(address, configuration.port, "/healthz") == 200:
                well = True
                _welcome(configuration)
            elif not well and time.monotonic() - began > HEALTHY_WITHIN:
                complain(
                    f"Tongban has started but is not well after {HEALTHY_WITHIN:.0f} seconds. Look at {configuration.public_url}/healthz "
                    f"and at {configuration.var / 'log' / 'tongban.log'}."
                )
                began = float("inf")
    finally:
        say("Stopping ...")
        supervisor.stop()
        listener.close()
        say("Tongban has stopped. Everything is kept in the var directory.")
    return 0


def _load_everything() -> None:
    """Before the fork, so that it is loaded once and shared. Opens no connection and starts no thread."""

    get_resolver().url_patterns  # noqa: B018 - imports every view
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            translation.gettext("Home page")
    assert threading.active_count() == 1, "a thread before the fork would be lost in it"


def _welcome(configuration) -> None:
    say("")
    say(f"Tongban is ready: {configuration.public_url}")
    if settings.DEMO:
        say("Demonstration sign-ins:")
        house.apart(_sign_ins)
    say("Ctrl-C stops it.")


def _sign_ins() -> int:
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    return main(["demo", "--signins"])
