"""The keys of [tool.slipway] by which it fits a project that lies otherwise."""

from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project.config import Project, load

EVERYTHING = """
[tool.slipway]
pythonpath = ["src", "lib"]
lock = "../uv.lock"
context = ".."
dockerfile = "../docker/Dockerfile"
target = "production"
alembic = "src/alembic.ini"
writable = ["src/app/logs"]
secrets-as = "environment"
minimum-version = "0.1.0"

[tool.slipway.database]
extensions = ["citext"]
DATABASE_URL = "postgresql+psycopg://{user}:{password}@{host}:{port}/{name}?sslmode={sslmode}"
DATABASE_PASSWORD = "{password}"

[tool.slipway.hooks]
after-migrate = ["python app/initial_data.py", "sh -c 'a && b'"]

[tool.slipway.tests]
workers = 3
migrate = true
extras = ["test"]
env = { TESTING = "1" }
"""


def project(root: Path, text: str = "") -> Project:
    """Load a project with this in its pyproject.toml, beside migrations below src."""
    (root / "src/alembic").mkdir(parents=True, exist_ok=True)
    (root / "src/alembic/env.py").touch()
    (root / "src/alembic.ini").write_text("[alembic]\nscript_location = alembic\n")
    (root / "pyproject.toml").write_text(f'[project]\nname = "thing"\nversion = "1.0.0"\n{text}')
    return load(root)


def test_without_them_all_is_as_in_a_new_project(tmp_path: Path) -> None:
    found = project(tmp_path)

    assert (found.pythonpath, found.lock, found.context, found.dockerfile) == ((), "", ".", "Dockerfile")
    assert (found.alembic, found.writable, found.secrets_as, found.hooks.after_migrate) == ("", (), "files", ())
    assert (found.minimum_version, found.target, found.database.rendered) == ("", "", {})
    assert (found.tests.workers, found.tests.migrate, found.tests.extras, found.tests.env) == ("auto", False, (), {})


def test_all_are_read(tmp_path: Path) -> None:
    found = project(tmp_path, EVERYTHING)

    assert (found.pythonpath, found.lock, found.context) == (("src", "lib"), "../uv.lock", "..")
    assert (found.dockerfile, found.alembic, found.writable) == (
        "../docker/Dockerfile", "src/alembic.ini", ("src/app/logs",),
    )  # fmt: skip
    assert (found.secrets_as, found.hooks.after_migrate[0]) == ("environment", "python app/initial_data.py")
    assert (found.target, found.database.extensions) == ("production", ("citext",))
    assert list(found.database.rendered) == ["DATABASE_URL", "DATABASE_PASSWORD"]
    assert (found.tests.workers, found.tests.migrate, found.tests.extras) == ("3", True, ("test",))
    assert found.tests.env == {"TESTING": "1"}


def test_after_migrate_is_read_where_earlier_versions_had_it_and_not_in_two_places(tmp_path: Path) -> None:
    before = '[tool.slipway]\nafter-migrate = ["python seed.py"]\n'
    assert project(tmp_path, before).hooks.after_migrate == ("python seed.py",)
    assert project(tmp_path, before).after_migrate == ()
    with pytest.raises(Problem, match=r"in \[tool.slipway.hooks\], and in \[tool.slipway\].*: delete the latter"):
        project(tmp_path, f'{before}hooks.after-migrate = ["python seed.py"]')


@pytest.mark.parametrize("workers", ['"auto"', '"0"', "0", "256", '"4"'])
def test_workers_are_auto_or_a_number(tmp_path: Path, workers: str) -> None:
    assert project(tmp_path, f"[tool.slipway.tests]\nworkers = {workers}").tests.workers == workers.strip('"')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('pythonpath = "src"', "should be a list of strings"),
        ('pythonpath = ["/src"]', "pythonpath = '/src' should be relative"),
        ('pythonpath = ["../src"]', "pythonpath = '../src' leads out of the project"),
        ('writable = ["logs", "logs"]', "writable names 'logs' twice"),
        ('writable = ["a/../../logs"]', "leads out of the project"),
        ('alembic = "../alembic.ini"', "leads out of the project"),
        ('env-file = "settings"', "env-file = 'settings' should be .env, or begin with .env. "),
        ('env-file = "config/.env.prod"', "lie beside pyproject.toml, like .env.slipway"),
        ('env-file = ".env.example"', "should be .env, or begin"),
        ('env-file = ".env."', "should be .env, or begin"),
        ('context = "/src"', "context = '/src' should be relative"),
        ('context = "~/src"', "should be relative"),
        ('lock = "../uv.lock"', "outside of context = '.'.*context is the way up"),
        ('dockerfile = "../../Dockerfile"\ncontext = ".."', "outside of context = '..'"),
        ('secrets-as = "env"', 'should be "files" or "environment"'),
        ("secrets-as = []", 'should be "files" or "environment"'),
        ("hooks.after-migrate = ['a \"b']", r"\[tool.slipway.hooks\] after-migrate has .*no closing quotation"),
        ("after-migrate = ['a \"b']", "after-migrate has .*no closing quotation"),
        ('after-migrate = [" "]', "which is no command"),
        ('after-migrate = ["a && b"]', "runs without a shell"),
        ("hooks.before-deploy = ['a \"b']", r"\[tool.slipway.hooks\] before-deploy has .*no closing quotation"),
        ('hooks.after-failure = ["a | b"]', r"\[tool.slipway.hooks\] after-failure has .*runs without a shell"),
        ('hooks.after-rollback = ["a\\u0000"]', r"after-rollback has .* is no command"),
        ('hooks.after-deploys = ["a"]', "did you mean 'after-deploy'"),
        ("hooks.timeout = 0", "timeout = 0 should be a whole number from 1"),
        ('hooks.secrets = ["https://hooks/T0/B0"]', "secrets has what is no name of a variable"),
        ('deploy.otlp = "collector:4318"', "otlp = 'collector:4318' should be an address"),
        ('deploy.otlp = "https://me:hidden@host"', r"otlp = '\.\.\.' should be an address"),
        ('deploy.otlp = "https://host/?key=1"', "should be an address"),
        ('database.URL = "postgresql://{username}"', r"URL has \{username\}; known are \{user\}, \{password\}"),
        ('database.URL = "{host"', "URL has a brace of no place"),
        ('database.DATABASE_NAME = "x{name}"', "DATABASE_NAME is what the others are made of"),
        ('database.DATABASE_SSLROOTCERT = "x"', "DATABASE_SSLROOTCERT is what the others are made of"),
        ("database.URL = 1", "URL = 1 should be a string"),
        ("database.extension = []", "did you mean 'extensions'"),
        ("database.rendered = {}", "no key 'rendered'"),
        ('database.DB_PASSWORD = "{password}"\nsecrets.DB_PASSWORD = 12', r"DB_PASSWORD .*\[tool.slipway.secrets\]"),
        ('database.DB = "{name}"\ntests.env.DB = "x"', r"DB .*\[tool.slipway.tests\] env"),
        ('tests.env.DATABASE_NAME = "x"', "DATABASE_NAME, which names the tests' own database"),
        ('tests.env."a b" = "x"', "'a b', which is no name"),
        ('tests.workers = "many"', '"auto" or a whole number from 0 to 256'),
        ("tests.workers = true", '"auto" or a whole number'),
        ("tests.workers = 257", '"auto" or a whole number'),
        ('tests.migrate = "yes"', "should be true or false"),
    ],
)
def test_a_misfit_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Problem, match=said):
        project(tmp_path, f"[tool.slipway]\n{text}")


def test_a_template_is_never_shown_as_it_may_hold_a_password(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        project(tmp_path, '[tool.slipway.database]\nURL = "postgresql://me:hidden@{hots}"')
    assert "hidden" not in str(caught.value)
