"""A release that passes its gates in one clone, and is published by another."""

import json
import tarfile
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project.checkout import Checkout
from slipway.release import handover, run
from slipway.release.attempt import Attempt
from slipway.release.wanted import Wanted
from tests.slipway.project.support import git
from tests.slipway.release.played import BASE, Engine, archive, id_of, played
from tests.slipway.release.support import REPOSITORY, commit, write

NAMELESS: list[dict[str, object]] = [{"Config": "c", "RepoTags": None, "Layers": []}]


@pytest.fixture
def tagged(shop: Checkout, engine: Engine) -> Checkout:
    """Give the project at a commit that is tagged with its version."""
    engine.holds(f"{REPOSITORY}:1.2.3", "before")
    text = (shop.root / "pyproject.toml").read_text().replace('version = "1.2.3"', 'version = "1.2.4"')
    write(shop.root, {"pyproject.toml": text})
    commit(shop.root, "Release 1.2.4")
    git(shop.root, "tag", "--annotate", "v1.2.4", "--message", "Release 1.2.4")
    return played(shop.root, engine)


@pytest.fixture
def saved(tagged: Checkout, tmp_path: Path) -> Path:
    """Give what has passed its gates, as files."""
    folder = tmp_path / "saved" / "here"
    wanted = Wanted(save=folder)
    released = run.release(tagged, run.gather(tagged, wanted))
    assert (released.image, released.merged) == ("", True)
    return folder


@pytest.fixture
def other(tagged: Checkout, saved: Path, tmp_path: Path) -> tuple[Checkout, Engine]:
    """Give another clone, on another engine, with the same registry."""
    git(tmp_path, "clone", "--quiet", "--branch", "v1.2.4", str(tagged.root), "there")
    engine = Engine(pushed={f"{REPOSITORY}:1.2.3": id_of("before")})
    return played(tmp_path / "there", engine), engine


def publish(checkout: Checkout, folder: Path, *skip: str) -> run.Released:
    """Publish what was saved."""
    wanted = Wanted(load=folder, skip=skip)
    run.take_over(checkout, wanted)
    return run.release(checkout, run.gather(checkout, wanted))


def test_what_passed_the_gates_is_saved_and_nothing_is_published(
    tagged: Checkout, engine: Engine, saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sorted(path.name for path in saved.iterdir()) == ["image.tar", "passed.json", "tests.tar"]
    said = json.loads((saved / "passed.json").read_text())
    assert said["commit"] == git(tagged.root, "rev-parse", "HEAD")
    save = f"docker save --output {saved}"
    assert engine.lines("docker", "save")[-2:] == [
        f"{save}/image.tar {said['image']}",
        f"{save}/tests.tar {said['tests']}",
    ]
    assert engine.pushed.keys() == {f"{REPOSITORY}:1.2.3"}
    assert not [ran for ran in engine.ran if ran.argv[0] in ("cosign", "oras") or "imagetools" in ran.argv]
    assert not Attempt(tagged, "1.2.4").folder.exists()


def test_another_clone_publishes_the_very_same_images(
    other: tuple[Checkout, Engine], saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout, engine = other
    released = publish(checkout, saved)
    said = json.loads((saved / "passed.json").read_text())
    assert engine.pushed[f"{REPOSITORY}:1.2.4"] == engine.pushed[f"{REPOSITORY}:latest"] == said["image"]
    assert engine.pushed[f"{REPOSITORY}:1.2.4-test"] == said["tests"]
    assert released.image == f"{REPOSITORY}@{id_of(said['image'])}"
    assert engine.verbs() == []  # no gate runs beside the key
    assert "  gates      passed already, by " in capsys.readouterr().err
    assert len(engine.lines("docker", "build")) == 1  # to compare


def test_an_image_that_the_commit_does_not_make_is_not_published(other: tuple[Checkout, Engine], saved: Path) -> None:
    checkout, engine = other
    said = json.loads((saved / "passed.json").read_text())
    engine.names["shop:1.2.4"] = id_of("an earlier build")
    swapped = id_of("swapped")
    engine.names["swapped"] = swapped
    (saved / "passed.json").write_text(json.dumps(said | {"image": swapped}))
    with pytest.raises(Problem, match=f"What has passed the gates is {swapped}, and its commit makes {said['image']}"):
        publish(checkout, saved)
    assert engine.pushed.keys() == {f"{REPOSITORY}:1.2.3"}
    assert engine.names["shop:1.2.4"] == id_of("an earlier build")
    assert not Attempt(checkout, "1.2.4").folder.exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"commit": "1" * 40}, "is of the commit 1{40}, and this is"),
        ({"gates": {"lint": "passed"}}, "has not passed the gates of this commit: lint, types, dockerfile, tests"),
        ({"tests": "postgres:17"}, r"passed\.json is not as inv release --save writes it"),
        ({"image": "--help"}, r"passed\.json is not as inv release --save writes it"),
        ({"ended": "\x1b[2J"}, r"passed\.json is not as inv release --save writes it"),
        ({"gates": {"lint": "skipped, trust me"}}, "There is nothing in .* that has passed its gates"),
        ({"gates": None}, "There is nothing in .* that has passed its gates"),
        ({"image": id_of("gone")}, r"image\.tar does not hold sha256:"),
        ({"base": "sha256:other"}, f"the {BASE} of this engine is another one: docker pull python@sha256:other"),
    ],
)
def test_what_does_not_fit_is_not_published(
    other: tuple[Checkout, Engine], saved: Path, change: dict[str, object], told: str
) -> None:
    checkout, engine = other
    engine.forgotten.add(id_of("gone"))
    said = json.loads((saved / "passed.json").read_text())
    (saved / "passed.json").write_text(json.dumps(said | change))
    with pytest.raises(Problem, match=told):
        publish(checkout, saved)
    assert engine.pushed.keys() == {f"{REPOSITORY}:1.2.3"}
    assert engine.verbs() == []


def test_gates_that_were_left_out_are_named_here_as_well(
    tagged: Checkout, other: tuple[Checkout, Engine], saved: Path
) -> None:
    run.release(tagged, run.gather(tagged, Wanted(save=saved, skip=("lint",))))
    checkout, engine = other
    with pytest.raises(Problem, match=f"{saved} was made with --skip lint: say so here as well"):
        publish(checkout, saved)
    publish(checkout, saved, "lint")
    assert f"{REPOSITORY}:1.2.4" in engine.pushed


def test_no_gate_runs_where_something_is_loaded(tagged: Checkout, engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"Nothing of .* is here to be published"):
        run.gather(tagged, Wanted(load=tmp_path))
    with pytest.raises(Problem, match=r"There is nothing in .* that has passed its gates"):
        run.take_over(tagged, Wanted(load=tmp_path))
    assert engine.verbs() == []


def test_only_a_tagged_commit_is_handed_over(shop: Checkout, tmp_path: Path) -> None:
    for wanted in (Wanted(save=tmp_path), Wanted(load=tmp_path)):
        with pytest.raises(Problem, match=r"tagged with its version \(v1\.2\.3\): \./inv release --tag-only"):
            run.gather(shop, wanted)
    with pytest.raises(Problem, match=r"--save and --load are of a commit that is tagged"):
        run.take_over(shop, Wanted(load=tmp_path))


@pytest.mark.parametrize(
    ("parts", "names"),
    [
        ({"manifest.json": NAMELESS}, []),
        ({"manifest.json": [{"RepoTags": ["python:3.13-slim"]}]}, ["python:3.13-slim"]),
        ({"manifest.json": NAMELESS, "repositories": {"python": {"3.13-slim": "x"}}}, ["python"]),
        ({"manifest.json": NAMELESS, "index.json": {"manifests": [{"digest": "x"}]}}, []),
        (
            {
                "manifest.json": NAMELESS,
                "index.json": {"manifests": [{"annotations": {"io.containerd.image.name": "docker.io/x:3"}}]},
            },
            ["docker.io/x:3"],
        ),
    ],
)
def test_an_archive_that_names_images_is_known(tmp_path: Path, parts: dict[str, object], names: list[str]) -> None:
    file = tmp_path / "x.tar"
    file.write_bytes(archive({name: json.dumps(part).encode() for name, part in parts.items()}))
    assert handover.named(file) == names


def test_what_names_images_is_not_loaded(other: tuple[Checkout, Engine], saved: Path) -> None:
    checkout, engine = other
    (saved / "tests.tar").write_bytes(archive({"manifest.json": json.dumps([{"RepoTags": [BASE]}]).encode()}))
    with pytest.raises(Problem, match=f"tests.tar would give images the names {BASE}"):
        publish(checkout, saved)
    (saved / "image.tar").write_bytes(b"no archive")
    with pytest.raises(Problem, match=r"image\.tar is no archive of an image"):
        publish(checkout, saved)
    assert f"docker load --quiet --input {saved}/tests.tar" not in engine.lines("docker", "load")
    with pytest.raises((tarfile.TarError, ValueError)):
        handover.named(saved / "image.tar")
