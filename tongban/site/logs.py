"""Logs as JSON lines. They hold routes, codes, times and request ids; never a form's values, a name or a number of a person."""

import logging
import logging.config
from contextvars import ContextVar

import structlog

request_id: ContextVar[str] = ContextVar("request_id", default="")


def _with_request_id(logger, method, event):
    if current := request_id.get():
        event.setdefault("request_id", current)
    return event


def _without_arguments_of_people(logger, method, event):
    """Django logs paths with their query: a query may hold what somebody searched for."""
    event.pop("request", None)
    if isinstance(event.get("event"), str):
        event["event"] = (
            event["event"].split("?", 1)[0] if "?" in event["event"] and "/" in event["event"] else event["event"]
        )
    return event


SHARED = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    _with_request_id,
    _without_arguments_of_people,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]


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
                    "class": "logging.handlers.WatchedFileHandler",
                    "filename": str(configuration.var / "log" / "tongban.log"),
                    "formatter": "json",
                    "encoding": "utf-8",
                    "delay": True,
                },
            },
            "loggers": {
                "django.security.DisallowedHost": {"level": "ERROR"},
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
