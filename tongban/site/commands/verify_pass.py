"""`tongban verify-pass --at TIME --trust FILE < qr.txt`: the answer of POST /api/v1/passes/verify as JSON; exit code 0 only if valid.

Needs no database and no product when `--trust` names a file (JSON, PEM, DER, or base64 a line). Without it, a list of this installation.
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from tongban.codes import hcert, trust_files
from tongban.codes import queries_passes as passes
from tongban.codes.pass_rules import ENTRY, PURPOSES

LONGEST = 64 * 1024


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="qr.txt", help="the text of the code; default: standard input"
    )
    parser.add_argument(
        "--at", metavar="TIME", help="the moment to judge for, such as 2026-11-21T10:30:00+08:00; default: now"
    )
    parser.add_argument(
        "--purpose", choices=PURPOSES, default=ENTRY, help="what it is checked for; a journey asks for a newer test"
    )
    trusted = parser.add_mutually_exclusive_group()
    trusted.add_argument(
        "--trust", type=Path, metavar="FILE", help="certificates of signers: JSON, PEM, DER, or base64 a line"
    )
    trusted.add_argument("--list", metavar="NAME", help="a list of this installation instead; default: health-pass")


def run(options: argparse.Namespace) -> int:
    try:
        at = datetime.fromisoformat(options.at.strip()) if options.at else datetime.now(UTC)
    except ValueError:
        sys.stderr.write("时间看不懂 This is no time: write 2026-11-21T10:30:00+08:00\n")
        return 2
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    try:
        if options.trust is not None:
            trust = hcert.Trust.of(trust_files.certificates(options.trust.read_bytes()))
        else:
            trust = passes.trust(options.list or passes.DEFAULT_LIST)
    except passes.UnknownList as unknown:
        sys.stderr.write(f"没有这份名单 There is no list in force with the name {unknown}\n")
        return 2
    except (OSError, ValueError) as wrong:
        sys.stderr.write(f"无法读取证书 The certificates cannot be read: {wrong}\n")
        return 2
    try:
        content = options.file.read_bytes() if options.file is not None else sys.stdin.buffer.read(LONGEST)
    except OSError as wrong:
        sys.stderr.write(f"无法读取文件 The file cannot be read: {wrong}\n")
        return 2
    rules = settings.PASS_RULES.for_purpose(options.purpose)
    answer = hcert.verify(content[:LONGEST].decode("utf-8", "replace"), at=at, trust=trust, rules=rules)
    sys.stdout.write(json.dumps(answer.as_contract(), ensure_ascii=False) + "\n")
    return 0 if answer.valid else 1
