#!/usr/bin/env bash
# restore.sh BACKUP: brings back what backup.sh has written. What was there is put aside, not deleted.
set -euo pipefail
umask 077

here=$(cd "$(dirname "$0")/.." && pwd)
backup=$(cd "${1:?usage: restore.sh BACKUP}" && pwd)
var=${TONGBAN_VAR:-$here/var}
mkdir -p "$var"

pid=$(cat "$var/run/tongban.pid" 2>/dev/null || true)
if [ -n "$pid" ] && grep -aq tongban "/proc/$pid/cmdline" 2>/dev/null; then
  echo "Tongban is running (process $pid). Stop it, then restore. Nothing was changed." >&2
  exit 1
fi
if ! (cd "$backup" && sha256sum --check --quiet SHA256SUMS); then
  echo "This backup is not as it was written. Nothing was changed. Take another one." >&2
  exit 1
fi
if [ -n "${DATABASE_URL:-}" ] && [ ! -e "$backup/database.dump" ] || [ -z "${DATABASE_URL:-}" ] && [ ! -e "$backup/database.sqlite3" ]; then
  echo "This backup was taken from the other kind of database than the one that is set. Nothing was changed." >&2
  exit 1
fi

aside=$var/before-restore-$(date -u +%Y%m%dT%H%M%SZ)
mkdir "$aside"
[ ! -e "$var/media" ] || mv "$var/media" "$aside/"
tar --extract --file="$backup/documents.tar" --directory="$var"
if [ -n "${DATABASE_URL:-}" ]; then
  "${PG_DUMP:-pg_dump}" --format=custom --no-owner --file="$aside/database.dump" --dbname="$DATABASE_URL"
  "${PG_RESTORE:-pg_restore}" --clean --if-exists --no-owner --single-transaction --exit-on-error --dbname="$DATABASE_URL" "$backup/database.dump"
else
  for file in tongban.sqlite3 tongban.sqlite3-wal tongban.sqlite3-shm; do
    [ ! -e "$var/$file" ] || mv "$var/$file" "$aside/"
  done
  cp "$backup/database.sqlite3" "$var/tongban.sqlite3"
fi
sync
echo "Restored from $backup. What was there before lies in $aside."
echo "Now: tongban prepare, tongban check, tongban verify-log; then start. Messages sent after the backup will be sent once more."
