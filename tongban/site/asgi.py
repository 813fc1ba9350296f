"""The product as one ASGI application: the shell, Django in it, and the live streams."""

import io

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.db import connection, connections

from tongban.channels.exchange.gates import VERIFYING
from tongban.channels.exchange.presses import PRESSING
from tongban.channels.pages.live import topics_of
from tongban.journal.queries import topic_versions

from . import health
from .desk import Desk
from .errors import page
from .listening import Glancer, Listener
from .live import Live
from .shell import Limits, Shell

PLAIN_POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"


def troubled(environ: dict, status: int) -> tuple[int, list[tuple[str, str]], bytes]:
    """The page for a request that Django does not get to see, or did not answer."""
    response = page(WSGIRequest({**environ, "wsgi.input": io.BytesIO(), "CONTENT_LENGTH": "0"}), status)
    response.headers["Content-Security-Policy"] = PLAIN_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Length"] = str(len(response.content))
    return response.status_code, list(response.headers.items()), response.content


def shell() -> Shell:
    configuration = settings.CONFIGURATION
    live = Live(
        topic_versions,
        poll=configuration.live_poll,
        release=connections.close_all,
        listener=Listener if connection.vendor == "postgresql" else Glancer,
    )
    gates = Desk(VERIFYING, release=connections.close_all)
    tickets = Desk(PRESSING, release=connections.close_all)
    made = Shell(
        get_wsgi_application(),
        troubled=troubled,
        limits=Limits(
            body=configuration.body_limit,
            body_timeout=configuration.body_timeout,
            answer_timeout=configuration.answer_timeout,
            waiting=configuration.web_threads * 128,
            threads=configuration.web_threads,
            folder=settings.FILE_UPLOAD_TEMP_DIR,
            trusted_proxies=tuple(configuration.trusted_proxies),
        ),
        live=live,
        topics_of=topics_of,
        desks=[gates, tickets],
    )
    health.PARTS["pages"] = made.state
    health.PARTS["live"] = live.state
    health.PARTS["gates"] = gates.state
    health.PARTS["tickets"] = tickets.state
    return made
