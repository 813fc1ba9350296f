"""Django's settings, computed from the configuration. What an operator sets stands in configuration.py."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONCE, NONE, SELF
from django.conf.locale import LANG_INFO
from django.utils.translation import gettext_lazy as _

from tongban.codes.pass_rules import PassRules
from tongban.lib import prepared

from .configuration import read
from .logs import logging_for
from .signing_secret import secret_from

CONFIGURATION = read()
PACKAGE = Path(__file__).resolve().parents[1]

DEBUG = CONFIGURATION.debug
DEMO = CONFIGURATION.demo
PUBLIC_URL = CONFIGURATION.public_url
HTTPS = CONFIGURATION.https

TONGBAN_VAR = CONFIGURATION.var
TONGBAN_KEYS: Path = CONFIGURATION.keys or TONGBAN_VAR / "keys"
TONGBAN_DISTRICT = CONFIGURATION.district
HELP_PHONE = CONFIGURATION.help_phone
READER_NAMES = CONFIGURATION.reader_names
for _directory, _mode in (
    (TONGBAN_VAR, 0o750),
    (TONGBAN_KEYS, 0o700),
    (TONGBAN_VAR / "tmp", 0o700),
    (TONGBAN_VAR / "log", 0o750),
):
    _directory.mkdir(parents=True, exist_ok=True, mode=_mode)
SECRET_KEY = secret_from(TONGBAN_KEYS / "secret.key")

ALLOWED_HOSTS = [
    *dict.fromkeys(
        host
        for host in [
            urlsplit(PUBLIC_URL).hostname,
            CONFIGURATION.host,
            "localhost",
            "127.0.0.1",
            "[::1]",
            *CONFIGURATION.allowed_hosts,
        ]
        if host
    )
]
if DEMO and not HTTPS and CONFIGURATION.host in {"0.0.0.0", "::"}:  # noqa: S104 - links in messages use PUBLIC_URL, never the Host header
    ALLOWED_HOSTS = ["*"]

ROOT_URLCONF = "tongban.site.urls"
WSGI_APPLICATION = "tongban.site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "parties.Account"

ROOMS = [
    "tongban.journal",
    "tongban.places",
    "tongban.parties",
    "tongban.departments",
    "tongban.matters",
    "tongban.materials",
    "tongban.registers",
    "tongban.notices",
    "tongban.oversight",
    "tongban.licences",
    "tongban.payments",
    "tongban.cases",
    "tongban.codes",
    "tongban.halls",
    "tongban.evaluations",
    "tongban.indicators",
    "tongban.rights",
    "tongban.records",
]
CHANNELS = [
    "tongban.channels.pages",
    "tongban.channels.portal",
    "tongban.channels.office",
    "tongban.channels.exchange",
]
INSTALLED_APPS = [
    *CHANNELS,  # before allauth: our templates replace its own
    *ROOMS,
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_cotton.apps.SimpleAppConfig",
    "csp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "tongban.site",
]

MIDDLEWARE = [
    "tongban.site.middleware.LastResort",
    *(["tongban.site.middleware.OfThisHost"] if HTTPS else []),
    "tongban.channels.pages.choosing.Chosen",
    "tongban.channels.portal.kept_pages.Front",
    "django.middleware.security.SecurityMiddleware",
    "tongban.site.middleware.Compressed",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tongban.channels.pages.keeping.Keeping",
    "tongban.channels.doorkeeper.Doorkeeper",
]

_loaders = [
    "django_cotton.cotton_loader.Loader",
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": _loaders if DEBUG else [("django.template.loaders.cached.Loader", _loaders)],
            "builtins": ["django_cotton.templatetags.cotton", "django.templatetags.i18n", "django.templatetags.static"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "tongban.site.context.house",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# -- data

DATABASES: dict[str, dict]
if CONFIGURATION.database_url:
    _url = urlsplit(CONFIGURATION.database_url)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(_url.path.lstrip("/")),
            "USER": unquote(_url.username or ""),
            "PASSWORD": unquote(_url.password or ""),
            "HOST": unquote(_url.hostname or ""),
            "PORT": _url.port or "",
            "CONN_MAX_AGE": 0,  # the pool keeps them
            prepared.ALLOWED: True,
            "CONN_HEALTH_CHECKS": True,  # after a restart of the server nobody is handed a dead connection
            "OPTIONS": {
                "pool": {
                    "min_size": 1,
                    "max_size": CONFIGURATION.web_threads + 2,
                    "timeout": 3,
                    "reconnect_timeout": 2,
                },
                "connect_timeout": 5,
                "options": "-c lock_timeout=20s -c idle_in_transaction_session_timeout=60s",
            },
        }
    }
    if _url.query:
        DATABASES["default"]["OPTIONS"].update(
            pair.split("=", 1) for pair in unquote(_url.query).split("&") if "=" in pair
        )
        DATABASES["default"][prepared.ALLOWED] = DATABASES["default"]["OPTIONS"].pop("prepared", "yes") != "no"
        if DATABASES["default"]["OPTIONS"].get("host"):  # a socket's directory: postgres:///name?host=/run/postgresql
            DATABASES["default"]["HOST"] = DATABASES["default"]["OPTIONS"].pop("host")
else:
    DATABASES = {
        "default": {
            "ENGINE": "tongban.site.sqlite",
            "NAME": TONGBAN_VAR / "tongban.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                # FULL: with NORMAL, which web recipes advise, a power cut takes commits back that people were told about.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864;",
            },
            "TEST": {"NAME": TONGBAN_VAR / "test.sqlite3"},  # a file: threads, WAL and locks as in the product
        }
    }

CACHES = {
    # Shared by all processes, so that a limit on an account is one limit. Small things only.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "site_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "process"},
}

MEDIA_ROOT = TONGBAN_VAR / "media"  # handed out by views that ask who stands there; no address leads to it
FILE_UPLOAD_TEMP_DIR = TONGBAN_VAR / "tmp"
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
DATA_UPLOAD_MAX_NUMBER_FILES = 40

STATIC_URL = "/static/"
STATIC_ROOT = TONGBAN_VAR / "static"
STATICFILES_DIRS = [TONGBAN_VAR / "assets"]
(TONGBAN_VAR / "assets").mkdir(exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "tongban.site.static.HashedFiles"},
}
WHITENOISE_MAX_AGE = 60
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# -- language, place and time

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LANGUAGES += [(code, LANG_INFO[code]["name_local"]) for code in CONFIGURATION.languages if code not in dict(LANGUAGES)]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = HTTPS
LOCALE_PATHS = [TONGBAN_VAR / "locale", PACKAGE / "locale"]  # what translators sent wins
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# -- who signs in

AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]  # one hash for known and unknown names alike
PASSWORD_HASHERS = ["tongban.site.passwords.Argon2", "django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["login", "email"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "tongban.site.passwords.WordsOfThisHouse"},
    {"NAME": "tongban.site.passwords.Breached"},
]
BREACHED_PASSWORDS = CONFIGURATION.breached_passwords
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/my/"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_USER_MODEL_USERNAME_FIELD = "login"
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_ADAPTER = "tongban.channels.portal.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "tongban.channels.portal.account_forms.SignUp",
    "reset_password": "tongban.channels.portal.account_forms.ForgottenPassword",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_UNIQUE_EMAIL = False  # families share one; nobody signs in with it
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
# Per account ("key", "user"), never per address: a hall's five hundred visitors share one.
ACCOUNT_RATE_LIMITS = {
    "change_password": "5/m/user",
    "change_phone": "3/m/user",
    "manage_email": "10/m/user",
    "reset_password": "5/m/key",
    "reauthenticate": "10/m/user",
    "reset_password_from_key": None,
    "signup": None,
    "login": None,
    "request_login_code": "3/m/key",
    "login_failed": "5/300s/key",
    "confirm_email": "1/180s/key",
    "verify_phone": "1/30s/key",
}
MFA_ADAPTER = "tongban.channels.portal.adapter.MFAAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_FORMS = {
    "authenticate": "tongban.channels.portal.account_forms.SecondStepForm",
    "reauthenticate": "tongban.channels.portal.account_forms.ConfirmCodeForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
MFA_TOTP_ISSUER = "Tongban"
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_RATE_LIMITS = {"webauthn_login": None}  # nothing to guess
USERSESSIONS_TRACK_ACTIVITY = False  # would write a row for every page

SESSION_ENGINE = "tongban.site.sessions"
SESSION_SERIALIZER = "tongban.site.sessions.Sealed"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_AGE = CONFIGURATION.session_hours * 3600
OFFICE_IDLE = CONFIGURATION.office_idle_minutes * 60
GATE_RATE = CONFIGURATION.gate_rate
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "tongban.site.errors.stale_form"

# -- what the browser is told

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = False
SECURE_SSL_REDIRECT = False  # the proxy does it; the health check speaks plain HTTP
SECURE_PROXY_SSL_HEADER = ("HTTP_X_TONGBAN_SCHEME", "https")  # set by the shell alone, which drops what a client sends
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "media-src": [SELF, "blob:"],
        "object-src": [NONE],
        "frame-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        **({"upgrade-insecure-requests": True} if HTTPS else {}),
    },
}

# -- messages to people

DEFAULT_FROM_EMAIL = CONFIGURATION.mail_from
SERVER_EMAIL = CONFIGURATION.mail_from
EMAIL_TIMEOUT = 20
if CONFIGURATION.smtp_url:
    _mail = urlsplit(CONFIGURATION.smtp_url)
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _mail.hostname
    EMAIL_PORT = _mail.port or (465 if _mail.scheme == "smtps" else 587)
    EMAIL_HOST_USER = unquote(_mail.username or "")
    EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
    EMAIL_USE_SSL = _mail.scheme == "smtps"
    EMAIL_USE_TLS = _mail.scheme == "smtp" and bool(_mail.username)
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = TONGBAN_VAR / "mail"
SMS_GATEWAY = CONFIGURATION.sms
MALWARE_GATEWAY = CONFIGURATION.malware
RETENTION = CONFIGURATION.retention
PASS_RULES = PassRules.of(CONFIGURATION.pass_rules)
ARCHIVE_GATEWAY = CONFIGURATION.archive
PAYMENT_GATEWAYS = CONFIGURATION.payment_gateways
STRIPE_KEY = CONFIGURATION.stripe_key
STRIPE_WEBHOOK_SECRET = CONFIGURATION.stripe_webhook_secret
STRIPE_URL = CONFIGURATION.stripe_url
ALIPAY_APP = CONFIGURATION.alipay_app
ALIPAY_KEY = CONFIGURATION.alipay_key
ALIPAY_PUBLIC_KEY = CONFIGURATION.alipay_public_key
ALIPAY_URL = CONFIGURATION.alipay_url
READING = CONFIGURATION.reading

LOGGING_CONFIG = None
logging_for(CONFIGURATION)

SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # the proxy redirects to HTTPS
    "security.W021",  # preloading is the operator's decision
]
