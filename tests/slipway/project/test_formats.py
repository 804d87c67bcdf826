"""What a newer Slipway has written is refused, and what was written before there were numbers is read."""

import pytest

from slipway import __version__
from slipway.core.errors import Problem
from slipway.project import formats, labels
from tests.support import ROOT


@pytest.mark.parametrize("said", ["", "\n", "1", "1 0.1.0\n", "2 0.5.0\n"])
def test_what_is_known_is_read(said: str) -> None:
    formats.check(said, 2, "The deployment shop-prod")


@pytest.mark.parametrize(
    "said", ["3 9.9.0\n", "3", "10 9.9.0", "99999999999999999999", "-1", "x", "\u0661", "2.5 1.0.0"]
)
def test_what_is_not_known_is_refused(said: str) -> None:
    with pytest.raises(Problem, match=f"this is Slipway {__version__}, which knows format 2"):
        formats.check(said, 2, "The deployment shop-prod")


def test_the_message_names_both_versions_and_what_helps() -> None:
    with pytest.raises(Problem) as raised:
        formats.check("3 9.9.0\n", 2, "The deployment shop-prod")
    said = str(raised.value.message)
    assert said.startswith(
        f"The deployment shop-prod is of format 3, made by Slipway 9.9.0, and this is Slipway {__version__}"
    )
    assert "Nothing was changed." in said
    assert "git pull" in said


def test_what_is_written_is_read() -> None:
    assert formats.line(1) == f"1 {__version__}\n"
    formats.check(formats.line(formats.DEPLOYMENT), formats.DEPLOYMENT, "it")


@pytest.mark.parametrize("file", ["Dockerfile", "slipway/image/stage.Dockerfile"])
def test_an_image_says_its_number(file: str) -> None:
    assert f"{labels.FORMAT}={formats.IMAGE}\n" in (ROOT / file).read_text()
