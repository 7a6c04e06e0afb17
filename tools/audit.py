"""Known vulnerabilities of the packages that are installed, by pip-audit; says loudly where it could ask nobody.

pip-audit itself ends with "No known vulnerabilities found" where the advisory service does not answer and every package
was skipped. Exit code 1 if a vulnerability is known, 0 otherwise.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


def main() -> int:
    """Asks about every installed package."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "audit.json"
        words = ["--path", sysconfig.get_path("purelib"), "--progress-spinner", "off", "--timeout", "15"]
        done = subprocess.run(
            [sys.executable, "-m", "pip_audit", *words, "--format", "json", "--output", str(path)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        found = json.loads(path.read_text()) if path.exists() else {}
    code, text = verdict(found.get("dependencies", []))
    print(text)
    if not found:
        print((done.stderr.strip().splitlines() or ["pip-audit wrote nothing"])[-1][:300])
    return code


def verdict(packages: list[dict[str, Any]]) -> tuple[int, str]:
    """Exit code and words, from what pip-audit says of each package."""
    audited = [package for package in packages if "skip_reason" not in package]
    known = [f"{package['name']} {package['version']}: {', '.join(vuln['id'] for vuln in package['vulns'])}"
             for package in audited if package["vulns"]]  # fmt: skip
    if known:
        return 1, "\n".join(["KNOWN VULNERABILITIES", *known])
    if len(audited) <= 1:  # this package itself, or nothing
        return 0, f"NOT AUDITED: the advisory service answered for {len(audited)} of {len(packages)} packages."
    return 0, f"No known vulnerability in {len(audited)} packages; {len(packages) - len(audited)} were not audited."


if __name__ == "__main__":
    sys.exit(main())
