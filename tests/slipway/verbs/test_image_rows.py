"""What `inv image` prints of an image."""

from dataclasses import replace

import pytest

from slipway.image.inspect import Built, built
from slipway.verbs.image import after_update, facts, rows
from tests.slipway.image.support import BASE, IMAGE, OURS, TIME, installed, package
from tests.support import Checkout

ONE = built("x:1", IMAGE, BASE + OURS)
BASELINE = Built("x:single", "sha256:cd", TIME, 121_000_000, 80_000_000, (), "root", {})
INSTALLED = installed([package("orjson"), package("Web.Frame_Work", 3_000_000)])


def text(one: Built, others: list[Built], baseline: Built | None) -> str:
    """Return the rows as text."""
    return "\n".join(f"{name} {what}" for name, what in rows(one, INSTALLED, others, baseline))


def test_the_picture_says_size_user_packages_and_the_baseline() -> None:
    said = text(ONE, [ONE], BASELINE)

    for part in ("100.5 MB, of which 20.5 above", "20.0 MB  COPY /a /", "65532:65532", "Web.Frame_Work 3.0", "a = b",
                 "debian 13, 1 packages", "2.0 times ours"):  # fmt: skip
        assert part in said
    assert "times ours" not in text(ONE, [ONE], replace(BASELINE, base=None))
    assert "./inv image --single" in text(ONE, [ONE], None)


def test_programs_get_the_same_facts_in_bytes() -> None:
    found = facts(ONE, INSTALLED, [ONE], BASELINE)

    assert (found["tag"], found["size"], found["base"], found["user"]) == (
        "x:1",
        100_500_000,
        80_000_000,
        "65532:65532",
    )
    assert found["layers"][0] == {"made_by": "COPY /a /", "size": 20_000_000}
    assert (found["python"], len(found["packages"])) == ("3.13.5", 2)
    assert found["variants"] == [{"tag": "x:1", "size": 100_500_000, "base": 80_000_000}]
    assert found["single"] == {"tag": "x:single", "size": 121_000_000, "base": 80_000_000}
    assert facts(ONE, INSTALLED, [], None)["single"] is None


def test_what_comes_after_pins_names_the_files_that_have_changed() -> None:
    assert after_update(poetry=False, files=[]) == "nothing is newer"
    assert after_update(poetry=True, files=[]) == "git diff slipway/image/poetry.txt; ./inv build --verify"
    assert after_update(poetry=False, files=["compose.yaml"]) == "git diff compose.yaml; ./inv deploy --plan"


@pytest.mark.parametrize("verb", ["image", "sbom", "audit"])
def test_a_tag_is_one_of_this_projects_images(little: Checkout, verb: str) -> None:
    fake = '#!/bin/sh\ncase $1 in version|compose) echo 26.1.5 ;; *) echo "No such image: $*" >&2; exit 1 ;; esac\n'
    little.write("bin/docker", fake)
    (little.root / "bin/docker").chmod(0o755)
    for tag, called in (("1.4.0", "little-hello:1.4.0"), ("other:1", "other:1")):
        done = little.inv(verb, "--tag", tag, PATH=f"{little.root}/bin:/usr/bin:/bin")
        assert f"There is no image {called} on this engine: docker image ls" in done.stderr
