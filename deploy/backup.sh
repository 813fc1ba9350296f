#!/usr/bin/env bash
# backup.sh FOLDER: a consistent copy of database and documents while the product runs, in FOLDER/tongban-TIME. Never the keys.
set -euo pipefail
umask 077

here=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:?usage: backup.sh FOLDER}
var=${TONGBAN_VAR:-$here/var}
python=${TONGBAN_PYTHON:-$here/.venv/bin/python}
name=tongban-$(date -u +%Y%m%dT%H%M%SZ)
unfinished=$folder/.$name.unfinished
mkdir -p "$folder"
rm -rf "$unfinished"
mkdir "$unfinished"
trap 'rm -rf "$unfinished"' EXIT

# The database first: documents are only ever added, so those that the copy names are all there afterwards.
if [ -n "${DATABASE_URL:-}" ]; then
  "${PG_DUMP:-pg_dump}" --format=custom --no-owner --file="$unfinished/database.dump" --dbname="$DATABASE_URL"
else
  "$python" - "$var/tongban.sqlite3" "$unfinished/database.sqlite3" <<'PYTHON'
import re, sqlite3, sys

source, copy = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, timeout=60), sqlite3.connect(sys.argv[2])
source.backup(copy, pages=20_000, sleep=0.01)
copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
copy.create_function("REGEXP", 2, lambda pattern, text: text is None or re.search(pattern, str(text)) is not None)
found = copy.execute("PRAGMA quick_check").fetchone()[0]
if found != "ok":
    sys.exit(f"The copy of the database is not whole: {found}")
copy.close()
PYTHON
fi
mkdir -p "$var/media"
tar --create --file="$unfinished/documents.tar" --directory="$var" media

(cd "$unfinished" && sha256sum -- * > SHA256SUMS && sha256sum --check --quiet SHA256SUMS)
sync
mv "$unfinished" "$folder/$name"
trap - EXIT
echo "Backed up to $folder/$name. The keys are not in it: keep them in a place of their own."
