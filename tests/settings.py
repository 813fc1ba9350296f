"""The product's own settings in a scratch directory of this run: nobody's data is near, and runs side by side do not meet."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

if "TONGBAN_TEST_RUN" not in os.environ:  # the workers of one run inherit its directory
    _scratch = tempfile.mkdtemp(prefix="tongban-tests-")
    os.environ["TONGBAN_TEST_RUN"] = os.environ["TONGBAN_VAR"] = _scratch
    os.environ.pop("TONGBAN_KEYS", None)
    _owner = os.getpid()
    atexit.register(lambda: os.getpid() == _owner and shutil.rmtree(_scratch, ignore_errors=True))
if _worker := os.environ.get(
    "PYTEST_XDIST_WORKER"
):  # each has a database of its own: what one sweeps away is not the other's
    _own = Path(os.environ["TONGBAN_TEST_RUN"]) / _worker
    _own.mkdir(exist_ok=True)
    os.environ["TONGBAN_VAR"] = str(_own)

from tongban.site.settings import *  # noqa: F403
from tongban.site.settings import PASSWORD_HASHERS, STATIC_ROOT, STORAGES, TONGBAN_KEYS

STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}

WHITENOISE_USE_FINDERS = True
STATIC_ROOT.mkdir(exist_ok=True)

if not any(Path(TONGBAN_KEYS).glob("field-*.key")):
    from tongban.lib.encryption import create_keys

    create_keys(TONGBAN_KEYS)

PASSWORD_HASHERS = ["tests.passwords.Quick", *PASSWORD_HASHERS]
READING = "off"  # a test that wants pages read says so
