"""Lists that name folders, as a build rewrites them."""

import hashlib
from pathlib import Path

import pytest

from slipway.image import folders

HASH = hashlib.sha256(b"wheel").hexdigest()
MARKER = ' ; python_version >= "3.11" and sys_platform == "linux"'


def built(project: Path, folder: str, name: str) -> str:
    """Put a wheel where that of a folder is; return its address."""
    path = project / folders.BUILT / folder / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"wheel")
    return path.as_uri()


@pytest.mark.parametrize("start", ["-e ", "Our.Own @ ", "our-own[fast] @ "])
@pytest.mark.parametrize("marker", ["", MARKER], ids=["always", "marker"])
def test_a_line_names_the_wheel_of_its_folder_with_its_hash(tmp_path: Path, start: str, marker: str) -> None:
    address = built(tmp_path, "li bs/ours", "our_own-1.0-py3-none-any.whl")
    text = (
        f"a==1 \\\n    --hash=sha256:1\n{start}{tmp_path.as_uri()}/li%20bs/ours{marker}\nb==1 \\\n    --hash=sha256:2\n"
    )
    assert folders.rewritten(text, tmp_path).splitlines() == [
        "a==1 \\",
        "    --hash=sha256:1",
        f"our_own @ {address}{marker} --hash=sha256:{HASH}",
        "b==1 \\",
        "    --hash=sha256:2",
    ]


@pytest.mark.parametrize("marker", ["", MARKER], ids=["always", "marker"])
def test_wheels_and_all_that_has_hashes_stay(tmp_path: Path, marker: str) -> None:
    text = f"lib @ file:///project/vendor/lib-1.0-py3-none-any.whl{marker} \\\n    --hash=sha256:1\nb==1{marker} \\\n"
    assert folders.rewritten(text, tmp_path) == text


def test_a_folder_that_cannot_be_built_ends_it(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    with pytest.raises(SystemExit, match=r"ours could not be built \(see above\)\."):
        folders.rewritten(f"-e {tmp_path.as_uri()}/ours\n", tmp_path)
