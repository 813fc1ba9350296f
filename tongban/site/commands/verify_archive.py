"""`tongban verify-archive FILE.zip`: exit code 0 only if every package is wholly as it was handed over, sealed by a key we trust.

1: a package is not right, and the first bad file is named; 2: nothing could be judged (no file, no root). Needs no database.
"""

import argparse
import sys
from pathlib import Path

from tongban.records import bagging
from tongban.site.commands.verify_licence import _harmless, _trusted


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.zip", help="one or several packages")
    parser.add_argument(
        "--roots", type=Path, help="trusted root certificates (PEM, one after another); default: of this installation"
    )
    parser.add_argument(
        "--withdrawn", type=Path, help="key ids that are no longer trusted, one a line; default: of this installation"
    )


def run(options: argparse.Namespace) -> int:
    try:
        roots, withdrawn = _trusted(options)
    except OSError as error:
        sys.stderr.write(f"无法读取根证书 The roots cannot be read: {error}\n")
        return 2
    if not roots:
        sys.stderr.write("没有可信的根证书 There is no root certificate to trust. Give one with --roots FILE.pem\n")
        return 2
    worst = 0
    for path in options.files:
        try:
            with path.open("rb") as package:
                verdict = bagging.verify(package, roots, withdrawn=withdrawn)
        except OSError as error:
            sys.stderr.write(f"{path}: {error.strerror}\n")
            worst = 2
            continue
        sys.stdout.write(_said(path, verdict))
        worst = max(worst, 0 if verdict.right else 1)
    return worst


def _said(path: Path, verdict: bagging.Verdict) -> str:
    headline = "✔ 移交包完好 Wholly right" if verdict.right else "✘ 不可信 Not to be trusted"
    reason = bagging.REASONS[verdict.reason]
    lines = [path.name, f"  {headline}: {reason['zh']} - {reason['en']}"]
    if verdict.file:
        lines.append(f"  文件 File: {_harmless(verdict.file)}")
    if verdict.right:
        lines.append(f"  文件数 Files: {verdict.files}")
        lines.append(f"  盖章时间 Sealed at: {verdict.sealed_at}")
        lines.append(f"  密钥 Key: {verdict.key_id}")
    return "\n".join(lines) + "\n"
