"""Which of a service's packages are older than Slipway can work with."""

import pytest

from slipway.project.lockfile import Lockfile, canonical
from slipway.project.versions import OLDEST, older
from tests.support import ROOT


@pytest.mark.parametrize(
    ("versions", "oldest"),
    [
        ([], ""), (["1.20.1"], ""), (["1.9.4"], ""), (["1.9.4.post1", "1.9.10"], ""), (["1.9.3"], "1.9.3"),
        (["1.9.4rc1"], "1.9.4rc1"), (["2", "1.10", "1.5", "1.8.1"], "1.5"), (["our-own", ""], ""),
        (["our-own", "1.2"], "1.2"),
    ],
)  # fmt: skip
def test_of_more_versions_the_oldest_is_named_and_what_is_no_version_is_not(versions: list[str], oldest: str) -> None:
    assert older(versions, "1.9.4") == oldest


def test_this_project_has_what_it_needs() -> None:
    locked = {canonical(one.name): one.version for one in Lockfile.read(ROOT).of("main")}
    assert OLDEST.keys() <= locked.keys()
    assert not [name for name, needed in OLDEST.items() if older([locked[name]], needed)]
