"""What git writes into a working tree, whatever the machine's own line ends are."""

from pathlib import Path

from tests.slipway.project.support import git
from tests.support import ROOT


def test_lines_end_alike_on_every_machine(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    git(there, "init")
    (there / ".gitattributes").write_text((ROOT / ".gitattributes").read_text())
    (there / "inv").write_text("#!/bin/sh\n")
    git(there, "add", ".")
    (there / "inv").unlink()
    git(there, "-c", "core.autocrlf=true", "-c", "core.eol=crlf", "checkout", ".")
    assert (there / "inv").read_bytes() == b"#!/bin/sh\n"
