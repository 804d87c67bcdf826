"""What is known to be vulnerable: how it is asked for, and how it is told."""

import sys
from pathlib import Path

from slipway.image.advisories import audit_command, findings


def test_an_advisory_is_a_line_with_what_mends_it() -> None:
    report = {
        "dependencies": [
            {"name": "a", "version": "1", "vulns": []},
            {"name": "b", "version": "2", "vulns": [{"id": "GHSA-1", "fix_versions": ["2.1", "3"]}, {"id": "PYSEC-2"}]},
            {"name": "c", "skip_reason": "not found"},
        ]
    }
    assert findings(report) == ["b 2: GHSA-1, mended in 2.1, 3", "b 2: PYSEC-2"]


def test_packages_are_asked_for_by_their_exact_versions() -> None:
    assert audit_command(Path("r.txt"), {}) == [
        sys.executable, "-P", "-m", "pip_audit", "--requirement", "r.txt", "--no-deps", "--disable-pip",
        "--vulnerability-service", "osv", "--format", "json", "--progress-spinner", "off", "--timeout", "15",
    ]  # fmt: skip


def test_ignored_advisories_and_another_database_are_handed_on() -> None:
    plain = audit_command(Path("r.txt"), {})
    command = audit_command(Path("r.txt"), {"GHSA-1": "only on Windows", "PYSEC-2": "unused"}, "http://localhost:1/v1")

    assert command == [
        *plain,
        "--ignore-vuln",
        "GHSA-1",
        "--ignore-vuln",
        "PYSEC-2",
        "--osv-url",
        "http://localhost:1/v1",
    ]
