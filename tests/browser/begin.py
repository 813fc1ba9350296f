"""The whole product as `tongban run` starts it, but the machine draws no case for checking by people: a story knows its end.

python -m tests.browser.begin
"""

import os
import sys

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongban.site.settings")
    django.setup()
    from tongban.cases.services import machine
    from tongban.site.commands import main

    machine.SAMPLE_PERCENT = 0  # before the fork, so every process has it
    sys.exit(main(["run"]))
