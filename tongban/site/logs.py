"""Logs as JSON lines. They hold routes, codes, times and request ids; never a form's values, a name or a number of a person."""

import logging
import logging.config
import re
from contextvars import ContextVar
from logging.handlers import WatchedFileHandler

import structlog

request_id: ContextVar[str] = ContextVar("request_id", default="")


def _with_request_id(logger, method, event):
    if current := request_id.get():
        event.setdefault("request_id", current)
    return event


NUMBERS_OF_PEOPLE = re.compile(r"(?<![0-9A-Za-z.])\d{11,18}[Xx]?(?![0-9A-Za-z])")  # identity and telephone numbers
ADDRESSES = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")


def _without_people(logger, method, event):
    """What libraries and exceptions say may quote an address bar or a row; numbers and mail addresses of people are taken out."""
    event.pop("request", None)
    if event.get("logger") == "django.request":
        event["event"] = str(event["event"]).split(":", 1)[0]  # the rest is the path
    for name in ("event", "error", "reason", "exception"):
        if isinstance(event.get(name), str):
            event[name] = ADDRESSES.sub("[address]", NUMBERS_OF_PEOPLE.sub("[number]", event[name]))
    return event


SHARED: list = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    _with_request_id,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    _without_people,
]


class File(WatchedFileHandler):
    """The log. On a full disk its lines are lost, and nothing else: the standard handler lets whoever writes the second line of a process fail."""

    def emit(self, record):
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)


def logging_for(configuration) -> None:
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": SHARED,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.processors.JSONRenderer(ensure_ascii=False),
                    ],
                },
            },
            "handlers": {
                "file": {
                    "class": "tongban.site.logs.File",
                    "filename": str(configuration.var / "log" / "tongban.log"),
                    "formatter": "json",
                    "encoding": "utf-8",
                    "delay": True,
                },
            },
            "loggers": {
                "django.security.DisallowedHost": {"level": "CRITICAL"},
                "django.request": {"level": "ERROR"},
                "fontTools": {"level": "ERROR"},
                "pyhanko": {"level": "WARNING"},
            },
            "root": {"level": configuration.log_level, "handlers": ["file"]},
        }
    )
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
