"""Two images, compared to the byte."""

from pathlib import Path

from slipway.image.reproduce import differences
from tests.slipway.image.support import saved_image


def test_files_that_differ_are_named_with_what_differs(tmp_path: Path) -> None:
    same = (b"same", 0o644, 1)
    one = saved_image(tmp_path / "1", {"srv/a": same, "srv/b": (b"x", 0o644, 1), "srv/c": same, "srv/d": same})
    other = saved_image(tmp_path / "2", {"srv/a": same, "srv/b": (b"y", 0o600, 1), "srv/c": (b"same", 0o644, 2)})

    assert differences(one, other) == [
        "/srv/b: mode, content",
        "/srv/d: only in the first",
        "/srv/c: time",
    ]


def test_parts_of_the_configuration_are_named(tmp_path: Path) -> None:
    one = saved_image(tmp_path / "1", {}, Labels={"a": "1", "b": "2"}, Cmd=["x", "y"])
    other = saved_image(tmp_path / "2", {}, Labels={"a": "1", "b": "3"}, Cmd=["x", "z"])

    assert differences(one, other) == ["configuration: config.Cmd[1]", "configuration: config.Labels.b"]


def test_equal_images_have_no_difference(tmp_path: Path) -> None:
    files = {"srv/a": (b"same", 0o644, 1)}

    assert differences(saved_image(tmp_path / "1", files), saved_image(tmp_path / "2", files)) == []
