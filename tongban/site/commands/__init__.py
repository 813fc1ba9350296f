"""`tongban COMMAND`: one module here for each command, imported only when it is asked for.

A module holds `arguments(parser)` and `run(options) -> int`. Django is set up before it is imported.
"""

import argparse
import gc
import importlib
import os
import sys

import django

from tongban.site.configuration import NotConfigured

COMMANDS = {
    "run": "start everything: web, live pages and the worker, under one supervisor",
    "work": "carry out jobs and regular duties (started by `run`)",
    "check": "say everything that is wrong with this installation, at once",
    "prepare": "bring keys, database, static files and demonstration district up to date",
    "demo": "load the demonstration district, or list its sign-ins",
    "catalogue": "import or export the catalogue of matters",
    "backup": "copy database and documents to a folder, while people work",
    "restore": "bring a backup back into an empty installation; afterwards release what was held",
    "verify-all": "look whether database, log, documents, licences and counters are what was written",
    "translations": "give a translator one file for a language, and take it back",
    "keys": "list the keys of personal data, renew and retire them; withdraw a stolen key that signs licences",
    "sessions": "end the sessions of one account, or of everybody, at once",
    "verify-log": "walk the journal and the read log and name the first row that was changed",
    "verify-licence": "say whether a licence file is wholly as it was sealed",
    "verify-pass": "say whether a health pass (HC1) is valid: qr.txt in, the answer as JSON out",
    "trust-list": "load a list of signers whose health passes are trusted, and put it in force",
    "halls": "bring halls in from a file, all or none; say how many there are",
    "gate": "the reference gate: codes on standard input, decided by the platform or alone",
    "verify-archive": "say whether a package for the archive is wholly as it was handed over",
    "visits": "the health office's key, what was written down under an order, and destroying it",
    "books": "draw the generated books in docs/ from the code",
    "manage": "Django's own commands (migrate, shell, ...)",
}

WITHOUT_DJANGO = {"gate"}  # runs on a device that has no installation


def _module(name: str):
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")


def _overview() -> str:
    width = max(map(len, COMMANDS))
    rows = "\n".join(f"  {name:{width}}  {text}" for name, text in COMMANDS.items())
    return f"usage: tongban COMMAND [...]\n\n{rows}\n\ntongban COMMAND --help says more.\n"


def main(arguments: list[str] | None = None) -> int:
    words = sys.argv[1:] if arguments is None else arguments
    if not words or words[0] in {"-h", "--help", "help"}:
        sys.stdout.write(_overview())
        return 0
    name, rest = words[0], words[1:]
    if name not in COMMANDS:
        sys.stderr.write(f"tongban knows no command {name!r}.\n\n{_overview()}")
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongban.site.settings")
    os.umask(0o077)  # what this installation writes is nobody else's to read
    if name == "run":
        gc.disable()  # nothing to collect while everything is loaded; on again once that is put out of the collector's reach
    try:
        if name == "run":  # first of all: what the dictionary of readings gives back is filled by what comes after
            importlib.import_module("tongban.matters.spelling")
        if name not in WITHOUT_DJANGO:
            django.setup()
        module = _module(name)
        parser = argparse.ArgumentParser(prog=f"tongban {name}", description=COMMANDS[name])
        module.arguments(parser)
        options = parser.parse_args(rest)
        return module.run(options) or 0
    except NotConfigured as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        return 130
