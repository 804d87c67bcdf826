"""The gates: their order, what each runs, and how each ends."""

import os
import sys
from functools import partial
from pathlib import Path

import pytest

from slipway import interpreter
from slipway.core.errors import Problem
from slipway.image.build import Options
from slipway.project.config import load
from slipway.release import gates
from slipway.release.attempt import Attempt
from slipway.release.gates import Gate
from slipway.release.passed import How, Outcome, Passed
from slipway.release.sandbox import Sandbox, verb_command
from tests.slipway.release.played import BASE, Answer, Engine, Ran, id_of
from tests.slipway.release.support import REPOSITORY, write

NAMES = ["lint", "types", "dockerfile", "tests", "image", "packages", "secrets", "advisories", "rebuild", "migrations",
         "rehearsal", "in-image", "deploy"]  # fmt: skip


def of(attempt: Attempt, *skipped: str, previous: str = "", options: Options | None = None) -> list[Gate]:
    """Return the attempt's gates."""
    return gates.of(attempt.home.project, attempt.version, previous, skipped, options or Options())


def passed(attempt: Attempt, *only: str, previous: str = "", options: Options | None = None) -> Passed:
    """Pass through these gates, or all of them."""
    skipped = [name for name in NAMES if only and name not in (*only, "image")]
    return gates.run(attempt, "0" * 40, of(attempt, *skipped, previous=previous, options=options))


def test_what_is_cheap_comes_first(attempt: Attempt) -> None:
    assert [gate.name for gate in of(attempt)] == NAMES
    assert not any(gate.left_out for gate in of(attempt))


def test_what_there_is_not_is_left_out(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    monkeypatch.setenv(interpreter.GIVEN, "/nowhere")
    write(repository, {"pyproject.toml": '[project]\nname = "x"\nversion = "1.0.0"\n[tool.slipway.tests]\nhost = []\nimage = []\n[tool.slipway.release]\nlint = []\ntypes = []\n'})  # fmt: skip  # noqa: E501
    found = {gate.name: gate.planned for gate in gates.of(load(repository), "1.0.0", "", [], Options())}
    assert {name: how for name, how in found.items() if how.startswith("left out")} == {
        "lint": "left out: lint = []",
        "types": "left out: types = []",
        "dockerfile": "left out: hadolint is not installed",
        "tests": "left out: host = []",
        "packages": "left out: the Dockerfile has no stage requirements",
        "migrations": "left out: there are no migrations",
        "rehearsal": "left out: there are no migrations",
        "in-image": "left out: image = []",
        "deploy": "left out: there is no compose.prod.yaml",
    }


def test_releases_that_nobody_can_ask_are_not_rehearsed(repository: Path) -> None:
    write(repository, {"alembic/env.py": ""})
    found = {gate.name: gate.left_out for gate in gates.of(load(repository), "1.0.0", "", [], Options())}
    assert (found["migrations"], found["rehearsal"][:27]) == ("", "there are no HTTP tests: ht")


@pytest.mark.parametrize("name", ["image", "everything", ""])
def test_only_gates_can_be_skipped(repository: Path, name: str) -> None:
    with pytest.raises(Problem, match="Those that can be: lint, types"):
        gates.of(load(repository), "1.2.4", "", [name], Options())


def test_what_passes_is_noted_gate_for_gate(
    attempt: Attempt, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    found = passed(attempt, previous="")
    assert list(found.gates) == NAMES
    image = engine.names["shop:1.2.4"]
    assert found.spelled_gates == {
        **dict.fromkeys(NAMES, "passed"),
        "image": f"passed: {image[:19]}",
        "packages": "passed: 0 packages, read twice",
        "secrets": f"passed: none in 1 files above {BASE}; there is no .env whose values could be looked for",
        "advisories": "not known: the database could not be asked",
    }
    assert (found.head, found.commit, found.base) == ("0" * 40, attempt.commit, id_of("base"))
    assert (found.image, found.tests) == (image, engine.names["shop:1.2.4-test"])
    said = capsys.readouterr().err
    assert (
        "advisories known vulnerabilities of the image's packages: not known: the database could not be asked" in said
    )
    assert f"image      shop:1.2.4 and shop:1.2.4-test, of exactly that commit: {image[:19]}" in said


def test_what_is_skipped_is_noted_and_not_run(
    attempt: Attempt, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    found = passed(attempt, "tests")
    assert engine.verbs() == [["test", "--", "-q"]]
    assert found.skipped == {name for name in NAMES if name not in ("tests", "image")}
    assert found.gates["deploy"] == Outcome(How.LEFT_OUT, "--skip")
    assert "  deploy     left out: --skip\n" in capsys.readouterr().err


def test_verbs_are_run_in_the_clone_for_themselves(attempt: Attempt, engine: Engine) -> None:
    passed(attempt, options=Options(("id=pip.conf,src=/x",)), previous="")
    assert engine.verbs() == [
        ["test", "--", "-q"],
        ["build", "--verify", "--secret", "id=pip.conf,src=/x"],
        ["check"],
        ["migrate", "--rehearse"],
        ["test", "--image", "--", "-q"],
        ["deploy", "--tag", "shop:1.2.4", "--yes", "--bake", "5"],
    ]
    name = Sandbox(attempt).name
    for ran in engine.ran:
        if "invoke" in ran.argv:
            assert ran.cwd == attempt.root
            assert list(ran.argv[:6]) == verb_command(attempt.root, "x")[:6]
            assert (ran.env["COMPOSE_PROJECT_NAME"], ran.env["SLIPWAY_ENV"]) == (name, "dev")


def test_a_verb_is_run_by_this_python_and_the_clones_tasks() -> None:
    command = verb_command(Path("/a clone"), "test", "--image", "--", "-q")
    assert command == [
        sys.executable, "-P", "-m", "invoke", "--search-root", "/a clone", "test", "--image", "--", "-q",
    ]  # fmt: skip


def test_linters_are_run_in_the_clone(attempt: Attempt, engine: Engine) -> None:
    passed(attempt, "lint", "types", "dockerfile")
    linters = [ran for ran in engine.ran if Path(ran.argv[0]).name in ("ruff", "mypy", "hadolint")]
    assert [[Path(ran.argv[0]).name, *ran.argv[1:]] for ran in linters] == [
        ["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"], ["hadolint", "Dockerfile"],
    ]  # fmt: skip
    assert {ran.cwd for ran in linters} == {attempt.root}
    caches = [ran.env.get("MYPY_CACHE_DIR") for ran in linters]
    assert caches == [None, None, str(attempt.home.root / ".mypy_cache"), None]


def test_a_linter_may_be_a_path(attempt: Attempt, engine: Engine) -> None:
    text = (attempt.root / "pyproject.toml").read_text()
    write(attempt.root, {"pyproject.toml": f'{text}[tool.slipway.release]\nlint = ["/bin/sh tools/check"]\n'})
    of(attempt)[0].go(Sandbox(attempt))
    assert engine.ran[-1].argv == ("/bin/sh", "tools/check")


def test_a_linter_that_is_not_installed_is_told(
    attempt: Attempt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = of(attempt)
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/git" if name == "git" else None)
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv/bin/python").touch()
    monkeypatch.setenv(interpreter.GIVEN, str(tmp_path / "venv"))
    with pytest.raises(Problem, match="ruff is not installed: add it to the group dev, or leave it out of lint"):
        gates.run(attempt, "0" * 40, chosen)


def test_both_images_are_built_of_the_clone_alone(attempt: Attempt, engine: Engine) -> None:
    passed(attempt, "image", options=Options(("id=pip.conf,src=/x",)))
    builds = [ran for ran in engine.ran if ran.argv[:2] == ("docker", "build")]
    head = ["docker", "build", "--provenance=false", "--load", "--secret", "id=pip.conf,src=/x", "--tag"]
    assert [list(ran.argv[:8]) for ran in builds] == [[*head, "shop:1.2.4"], [*head, "shop:1.2.4-test"]]
    assert builds[1].argv[8:10] == ("--target", "test")
    assert {ran.cwd for ran in builds} == {attempt.root}
    assert {f"REVISION={attempt.commit}", "VERSION=1.2.4"} < set(builds[0].argv)


def test_poetrys_list_has_to_be_what_the_lock_file_says(attempt: Attempt, engine: Engine) -> None:
    passed(attempt, "packages", options=Options(("id=pip.conf,src=/x",)))
    (ran,) = (ran for ran in engine.ran if "--output" in ran.argv)
    assert ran.line.startswith("docker build --provenance=false --secret id=pip.conf,src=/x --output type=local,dest=/")
    assert ran.argv[7:9] == ("--target", "requirements")
    assert ran.cwd == attempt.root

    engine.listed = "evil==1.0 --hash=sha256:00\n"
    with pytest.raises(Problem, match=r"(?s)main\.txt: evil 1\.0: only in Poetry's list.* not what poetry\.lock says"):
        passed(attempt, "packages")


def test_the_base_image_is_one_of_this_engine(attempt: Attempt, engine: Engine) -> None:
    engine.names.clear()
    with pytest.raises(Problem, match=f"There is no base image: docker pull {BASE}"):
        passed(attempt, "image")
    engine.holds(BASE, "base")
    assert passed(attempt, "image").base == id_of("base")
    assert engine.lines("docker", "pull")[-1] == f"docker pull --quiet {BASE}"


def test_another_builder_takes_a_base_image_of_its_own(attempt: Attempt, engine: Engine) -> None:
    engine.driver = "docker-container"
    with pytest.raises(Problem, match="unset BUILDX_BUILDER, docker buildx use default"):
        passed(attempt, "image")
    assert not engine.lines("docker", "build")


def test_a_clone_that_is_not_clean_makes_no_image(attempt: Attempt, engine: Engine) -> None:
    write(attempt.root, {"app/main.py": "edited"})
    with pytest.raises(Problem, match=r"is not clean: its image would be shop:1\.2\.4-dev\.0-.*-dirty"):
        passed(attempt, "image")
    assert not engine.lines("docker", "build")


def test_an_image_that_somebody_else_has_built_anew_is_not_released(attempt: Attempt, engine: Engine) -> None:
    def meanwhile(_: Ran) -> None:
        engine.names["shop:1.2.4-test"] = id_of("another")

    engine.when("test --image", meanwhile)
    with pytest.raises(Problem, match=r"shop:1\.2\.4 was built anew meanwhile, by somebody else: run this again"):
        passed(attempt, "in-image")


def test_the_release_before_is_deployed_first_and_gone_back_to(attempt: Attempt, engine: Engine) -> None:
    engine.holds(f"{REPOSITORY}:1.2.3", "before")
    passed(attempt, "deploy", previous="1.2.3")
    rehearsed = f"shop:{Sandbox(attempt).name}-before"
    assert engine.verbs() == [
        ["deploy", "--tag", rehearsed, "--yes", "--bake", "0"],
        ["deploy", "--tag", "shop:1.2.4", "--yes", "--bake", "5"],
        ["rollback"],
    ]
    ports = {ran.env["PORT"] for ran in engine.ran if "invoke" in ran.argv}
    assert len(ports) == 1
    assert f"docker tag {REPOSITORY}:1.2.3 {rehearsed}" in engine.lines("docker", "tag")
    assert rehearsed not in engine.names


def test_a_release_before_that_cannot_be_had_is_told(attempt: Attempt, engine: Engine) -> None:
    with pytest.raises(Problem, match=r"1\.2\.3 was released before this"):
        passed(attempt, "deploy", previous="1.2.3")
    assert engine.verbs() == []


def test_no_gate_knows_the_services_variables_or_the_key(
    attempt: Attempt, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = {"DATABASE_HOSTNAME": "192.0.2.1", "SECRET_KEY": "x", "COSIGN_KEY": "env://MINE", "COSIGN_PASSWORD": "p",
              "MINE": "key", "GITHUB_TOKEN": "t"}  # fmt: skip
    for name, value in hidden.items():
        monkeypatch.setenv(name, value)
    seen: list[set[str]] = []
    engine.when("invoke", lambda _: seen.append(hidden.keys() & os.environ.keys()))
    passed(attempt, "tests", "deploy")
    assert seen == [set(), set()]
    assert hidden.items() <= os.environ.items()


def test_what_a_verb_has_said_is_shown_when_it_fails(attempt: Attempt, engine: Engine) -> None:
    attempt.home.steps.secrets.add("hush")
    engine.when("inv", lambda ran: (3, "out", "first\n" * 80 + "the password is hush") if "check" in ran.argv else None)
    with pytest.raises(Problem) as told:
        passed(attempt, "migrations")
    said = str(told.value.message).splitlines()
    assert told.value.code == 3
    assert said[-3:] == ["    the password is [secret]", "    out", "inv check failed (see above)."]
    assert len(said) == 61


def test_nothing_of_the_gates_is_left_on_the_engine(attempt: Attempt, engine: Engine) -> None:
    name = Sandbox(attempt).name

    def left(one: str, ran: Ran) -> Answer | None:
        return (0, one, "") if f"={name}-test" in ran.line else None

    before = {"shop:dev": id_of("dev"), "shop:test": id_of("test")}
    engine.names |= before
    for listing, one in (("ps", "c1"), ("volume ls", "v1"), ("network ls", "n1")):
        engine.when(f"docker {listing}", partial(left, one))

    def build(_: Ran) -> None:
        for tag in ("dev", "test", "rehearsed"):
            engine.names[f"{name}:{tag}"] = id_of("of the gates")

    engine.when("migrate --rehearse", build)
    passed(attempt, "rehearsal")
    assert before.items() <= engine.names.items()
    assert not [one for one in engine.names if one.startswith(f"{name}:")]
    for removal in ("docker rm --force --volumes c1", "docker volume rm v1", "docker network rm n1"):
        assert [ran.line for ran in engine.ran].count(removal) == 2  # before, and after
    production = f"{name}-prod"
    assert engine.lines("docker", "rm")[0] == f"docker rm --force {production}-lock"
    assert f"docker volume rm {production}-backups" in engine.lines("docker", "volume", "rm")
    labels = {line.partition("label=")[2].split()[0] for line in engine.lines("docker", "ps")}
    project = "com.docker.compose.project"
    assert labels == {
        f"{project}={name}", f"{project}={name}-test", f"{project}={name}-rehearsal", f"{project}={production}",
        f"dev.slipway.deployment={production}",
    }  # fmt: skip


def test_what_cannot_be_removed_is_told(attempt: Attempt, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.when("docker volume ls", lambda _: (0, "v1", ""))
    engine.fails("docker volume rm v1", "volume is in use")
    passed(attempt, "image")
    assert "  a volume of the gates is left on the engine: volume is in use\n" in capsys.readouterr().err
