# Needs Python 3.11 or 3.12 and git; everything else is fetched. `make help` lists what there is.
SHELL := /bin/bash
BOOT := $(shell command -v python3.11 || command -v python3.12 || command -v python3)
PY := .venv/bin/python
TONGBAN := $(PY) -m tongban
# one more than the two cores the suite is kept for: it works while others wait for a browser, a disk or a product that was killed;
# on PostgreSQL two, whose connections a server as it comes (100) bears with room to spare
WORKERS ?= 3
# a machine that keeps no bytecode would compile everything anew in each process that a test starts
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help run test check bench demo faults fuzz clean advisories messages books

help: ## what this Makefile can do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1	/' | expand -t 20

run: ## set up what is missing and start the product with the demonstration district (HOST, PORT)
	@$(BOOT) tools/setup.py run
	@exec $(TONGBAN) run --prepare

demo: ## build the demonstration district anew (the product must be stopped)
	@$(BOOT) tools/setup.py run
	@$(TONGBAN) prepare --demo-anew

test: ## all tests: everything on SQLite, then what touches locking or SQL on a real PostgreSQL too
	@$(BOOT) tools/setup.py test
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile; first=$$?; \
	echo "Now on PostgreSQL:"; \
	$(PY) tools/with_postgres.py $(PY) -m pytest -n 2 --dist loadfile -m postgres; second=$$?; \
	exit $$(( first ? first : second ))

check: ## the quick checks: format, lint, types, floors, the house's own tests (under 45 s)
	@$(BOOT) tools/setup.py check
	@$(PY) tools/check.py

bench: ## measure the hot paths and print a table for each
	@$(BOOT) tools/setup.py test
	@set -e; for script in bench/[a-z]*.py; do case $$script in */measuring.py|*/plain_list.py) true;; *) false;; esac || { echo "== $$script"; $(PY) $$script; }; done

faults: ## the long form of the fault tests, with their figures: kills, bad disks, bad lines, flipped bits, on both databases
	@$(BOOT) tools/setup.py test
	@export TONGBAN_KILLS=$${TONGBAN_KILLS:-100} TONGBAN_LINES=400 TONGBAN_IO_TRIES=2000 TONGBAN_FLIPS=1000 TONGBAN_LOOKS=2000 TONGBAN_ERRANDS=1000 TONGBAN_BUNDLES=1000 TONGBAN_DECISIONS=10000; \
	what="tests/faults tests/many_hands tests/site/test_backup.py tests/site/test_verify_all.py"; \
	$(PY) -m pytest -n0 -s $$what --timeout=7200; first=$$?; \
	$(PY) tools/with_postgres.py $(PY) -m pytest -n0 -s $$what -m postgres --timeout=7200; second=$$?; \
	exit $$(( first ? first : second ))

fuzz: ## send 100,000 drawn requests to the open interface: no 500, and every answer as it is described
	@$(BOOT) tools/setup.py test
	@TONGBAN_FUZZ=$${TONGBAN_FUZZ:-100000} $(PY) -m pytest -n $(WORKERS) -m fuzz --timeout=36000 --durations=0

advisories: ## known holes of the locked components, FROM=a file of advisories (OSV): fails when one is past its time
	@$(PY) tools/advisories.py $(FROM)

messages: ## collect the sentences to translate into tongban/locale
	@$(PY) tools/translations.py collect

books: ## draw the generated books in docs/ from the code
	@$(TONGBAN) books
	@$(PY) tools/asvs.py

clean: ## remove the state of this installation: database, documents, keys, logs
	@$(BOOT) tools/clean.py
