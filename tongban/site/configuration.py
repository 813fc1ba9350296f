"""Everything an operator can set, in one documented table (docs/settings.md is generated from it)."""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from django.conf.locale import LANG_INFO
from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tongban.codes.pass_rules import PassRules

ROOT = Path(__file__).resolve().parents[2]

Words = Annotated[list[str], NoDecode]


class NotConfigured(Exception):
    """Settings that cannot be used; the message names every one of them."""


class Configuration(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="TONGBAN_", extra="ignore")

    host: str = Field("127.0.0.1", validation_alias="HOST", description="Address the web server listens on.")
    port: int = Field(8000, ge=1, le=65535, validation_alias="PORT", description="Port the web server listens on.")
    database_url: str = Field(
        "",
        validation_alias="DATABASE_URL",
        description="Where the data lives: postgres://user:password@host:port/name. Empty: a SQLite file in the var directory.",
    )
    var: Path = Field(
        ROOT / "var", description="Directory for everything the product writes: database, documents, keys, logs."
    )
    keys: Path | None = Field(
        None, description="Directory of the key files. Empty: keys/ in the var directory. Never inside a backup."
    )
    demo: bool = Field(
        True,
        description="Demonstration: a banner on every page, watermarks on documents, simulated gateways. A real district sets 0.",
    )
    debug: bool = Field(
        False, description="Shows the inside of an error to whoever meets it. Only on a developer's own machine."
    )
    public_url: str = Field(
        "",
        description="The address people type, for links in messages and codes on licences. https:// switches secure cookies and HSTS on. Empty: http://HOST:PORT, with localhost for this machine.",
    )
    breached_passwords: Path | None = Field(
        None,
        description="A file of passwords known from breaches, which nobody may choose: one SHA-1 a line, in order, as “Pwned Passwords” gives them out. Empty: only the list of the most used ones.",
    )
    allowed_hosts: Words = Field(
        default_factory=list,
        description="Further host names the product answers to, separated by commas. The host of the public address always counts.",
    )
    trusted_proxies: Words = Field(
        default_factory=list,
        description="Addresses of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, separated by commas.",
    )
    district: str = Field(
        "310107",
        pattern=r"^[0-9]{6}$",
        description="Six-digit division code of the district that runs this: the first part of every case number.",
    )
    help_phone: str = Field(
        "021-0000-1029",
        max_length=30,
        description="The phone number for help on every page. The default belongs to nobody.",
    )
    web_workers: int = Field(2, ge=1, le=64, description="Web processes.")
    web_threads: int = Field(8, ge=1, le=256, description="Threads a web process uses for pages.")
    backpressure: int = Field(
        20_000, ge=128, description="Open connections a web process holds at once. Every live screen is one of them."
    )
    body_limit: int = Field(
        40 * 1024 * 1024, ge=1024, description="Largest request body in bytes. A larger one is refused with a sentence."
    )
    body_timeout: float = Field(
        60, gt=0, description="Seconds without a byte after which a half-sent request is given up."
    )
    answer_timeout: float = Field(
        60, gt=0, description="Seconds a page may take before the person is told that it took too long."
    )
    live_poll: float = Field(
        0.5, gt=0, le=60, description="Seconds between two looks at the counters behind the live screens."
    )
    gate_rate: int = Field(
        50,
        ge=1,
        le=100_000,
        description="Codes a second that one gate's device may have checked in each web process, ten times as many at once. A partner's system that stands for many gates may need more.",
    )
    job_poll: float = Field(0.5, gt=0, le=60, description="Seconds the worker waits when there is nothing to do.")
    heartbeat_limit: float = Field(
        30, gt=0, description="Seconds without a sign of the worker after which /healthz says it is not well."
    )
    metrics_from: Words = Field(
        default_factory=lambda: ["127.0.0.1", "::1"],
        description="Addresses that may read /metrics, separated by commas.",
    )
    smtp_url: str = Field(
        "",
        description="Mail server: smtp://user:password@host:587 (or smtps://). Empty: messages are written to mail/ in the var directory.",
    )
    mail_from: str = Field("Tongban <no-reply@tongban.invalid>", description="Sender of e-mail.")
    sms: Literal["simulated"] = Field("simulated", description="Gateway for text messages.")
    malware: str = Field(
        "simulated",
        pattern="^(simulated|none|clamd:.+)$",
        description="Scanner of uploads: clamd:/path/of/socket or clamd:host:port for ClamAV, none, or the simulated one, which finds only the test string.",
    )
    retention: Path | None = Field(
        None,
        description="A file with how long applications are kept, in the form of tongban/matters/retention.yaml. Empty: that file.",
    )
    archive: str = Field(
        "simulated",
        pattern="^(simulated|none|folder:.+)$",
        description="The archive that takes files over: folder:/path of an inbox it reads (it answers with receipts there), none, or the simulated one in the var directory.",
    )
    pass_rules: dict[str, int] = Field(
        default_factory=dict,
        description='Hours and days by which a health pass is green, where they differ from docs/api.md, as JSON: {"laboratory_test_hours": 48}.',
    )
    payment_gateways: Words = Field(
        default_factory=lambda: ["simulated"],
        description="Payment services people may choose, separated by commas: simulated (in the demonstration alone: no money moves), stripe, alipay. Empty: fees are paid at a window.",
    )
    stripe_key: str = Field("", description="Secret key of the Stripe account (sk_...).")
    stripe_webhook_secret: str = Field(
        "", description="Signing secret of the webhook (whsec_...) that points to PUBLIC_URL/gateways/stripe/notices."
    )
    stripe_url: str = Field("https://api.stripe.com", description="Where Stripe is called.")
    alipay_app: str = Field("", description="App id of the Alipay open platform.")
    alipay_key: str = Field("", description="File with our own RSA private key (PEM), readable by the product alone.")
    alipay_public_key: str = Field(
        "", description="File with Alipay's RSA public key (PEM, not our own): answers and notices are believed by it."
    )
    alipay_url: str = Field("https://openapi.alipay.com/gateway.do", description="Where Alipay is called.")
    reading: Literal["on", "off"] = Field(
        "on",
        description="Reading of documents by machine, where it is installed (requirements/reading.lock): a process of about 0.7 GB while it reads.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="How much is written to log/ in the var directory."
    )
    reader_names: bool = Field(
        True,
        description="Whether people see the name of the officer who read their data, beside role and department. 0: role and department alone, where the law keeps names back.",
    )
    languages: Words = Field(
        default_factory=lambda: ["zh-hans", "en"],
        description="Languages people may choose, separated by commas; zh-hans and en always count. Others need a translator's file (tongban translations).",
    )
    session_hours: int = Field(12, ge=1, le=24 * 30, description="Hours after which a signed-in person signs in again.")
    office_idle_minutes: int = Field(
        30,
        ge=5,
        le=12 * 60,
        description="Minutes without a page after which an officer signs in again. People's own pages have no such limit.",
    )

    @field_validator("pass_rules")
    @classmethod
    def _pass_rules_exist(cls, value: dict[str, int]) -> dict[str, int]:
        return PassRules.of(value).as_dict()

    @field_validator("languages")
    @classmethod
    def _spoken(cls, value):
        if unknown := [code for code in value if code not in LANG_INFO]:
            raise ValueError(f"unknown language {', '.join(unknown)}; codes are those of Django, such as fr, ja, ar")
        return list(dict.fromkeys(["zh-hans", "en", *value]))

    @field_validator("allowed_hosts", "trusted_proxies", "metrics_from", "languages", "payment_gateways", mode="before")
    @classmethod
    def _words(cls, value):
        return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value

    @field_validator("payment_gateways")
    @classmethod
    def _known_gateways(cls, value):
        if unknown := sorted(set(value) - {"simulated", "stripe", "alipay"}):
            raise ValueError(f"unknown payment service {', '.join(unknown)}; known are simulated, stripe, alipay")
        return list(dict.fromkeys(value))

    @field_validator("stripe_url", "alipay_url")
    @classmethod
    def _called_over_tls(cls, value):
        parts = urlsplit(value)
        if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost"}:
            raise ValueError("must be an https:// address")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value):
        if value and urlsplit(value).scheme not in {"postgres", "postgresql"}:
            raise ValueError("must begin with postgres:// or be empty for SQLite")
        return value

    @field_validator("breached_passwords")
    @classmethod
    def _list_in_order(cls, value):
        if value is None:
            return value
        try:
            with value.open("rb") as file:
                first = file.readline(64).strip()
        except OSError as error:
            raise ValueError(f"cannot be read: {error.strerror}") from error
        if not re.fullmatch(rb"[0-9A-Fa-f]{40}(:[0-9]+)?", first):
            raise ValueError("must hold one SHA-1 in hexadecimal a line")
        return value

    @field_validator("public_url")
    @classmethod
    def _address(cls, value):
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname):
            raise ValueError("must be a whole address such as https://services.example.org")
        return value.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value):
        if value and (urlsplit(value).scheme not in {"smtp", "smtps"} or not urlsplit(value).hostname):
            raise ValueError("must look like smtp://user:password@host:587")
        return value

    @model_validator(mode="after")
    def _fill(self):
        self.var = self.var.expanduser().resolve()
        self.keys = (self.keys or self.var / "keys").expanduser().resolve()
        if not self.public_url:
            # by name, not by number: browsers give passkeys to localhost and not to 127.0.0.1; a wildcard is no address to visit
            here = {"0.0.0.0", "::", "127.0.0.1", "::1"}  # noqa: S104
            host = "localhost" if self.host in here else self.host
            self.public_url = f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}"
        return self

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")


def environment_name(field: str) -> str:
    """The environment variable that sets this field."""
    alias = Configuration.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        alias = alias.choices[0]
    return alias if isinstance(alias, str) else f"TONGBAN_{field.upper()}"


def read() -> Configuration:
    try:
        return Configuration()  # type: ignore[call-arg]  # every field has a default or a variable
    except ValidationError as error:
        wrong = []
        for item in error.errors():
            name = str(item["loc"][0]) if item["loc"] else "settings"
            known = name in Configuration.model_fields
            wrong.append(f"{environment_name(name) if known else name}: {item['msg']}")
        raise NotConfigured("These settings cannot be used:\n  " + "\n  ".join(wrong)) from None
