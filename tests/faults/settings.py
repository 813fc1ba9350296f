"""The product as it is, with one act more that only the faults tests know. Never part of the product."""

import os

from tongban.site.settings import *  # noqa: F403
from tongban.site.settings import DATABASES

ROOT_URLCONF = "tests.faults.urls"

if pages := os.environ.get("FAULTS_DISK_PAGES"):  # a disk that is full at a chosen size, without needing one
    DATABASES["default"]["OPTIONS"]["init_command"] += f" PRAGMA max_page_count={int(pages)};"

if seconds := os.environ.get("FAULTS_LOCK_TIMEOUT"):
    DATABASES["default"]["OPTIONS"]["timeout"] = float(seconds)

if careless := os.environ.get("FAULTS_SYNCHRONOUS"):
    DATABASES["default"]["OPTIONS"]["init_command"] += f" PRAGMA synchronous={careless};"
