"""The variables that a service reads, and which of them are secret."""

from pathlib import Path

import pytest

from slipway.adopt.secrets import secrets
from slipway.adopt.variables import Variable, variables
from tests.slipway.adopt.support import project

SETTINGS = """\
from pydantic import AliasChoices, BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
"""


def read(folder: Path, code: str, name: str = "app/config.py") -> dict[str, Variable]:
    """Return the variables by name that a module reads."""
    return {one.name: one for one in variables(project(folder, {name: code}))}


def required(folder: Path, code: str) -> dict[str, bool]:
    """Return the variables of a module, and whether each has to be there."""
    return {name: one.required for name, one in read(folder, code).items()}


@pytest.mark.parametrize(
    "configuration",
    [
        'model_config = SettingsConfigDict(env_prefix="SHOP_")',
        'model_config = {"env_prefix": "SHOP_"}',
        'class Config:\n        env_prefix = "SHOP_"',
    ],
    ids=["SettingsConfigDict", "a dict", "class Config"],
)
def test_a_prefix_stands_before_each_name(tmp_path: Path, configuration: str) -> None:
    code = f"{SETTINGS}\nclass Settings(BaseSettings):\n    host: str\n    port: int = 80\n    {configuration}\n"

    assert required(tmp_path, code) == {"SHOP_HOST": True, "SHOP_PORT": False}


def test_a_prefix_may_be_an_argument_of_the_class_or_its_bases(tmp_path: Path) -> None:
    code = (
        f"{SETTINGS}\nclass Base(BaseSettings, env_prefix='B_'):\n    pass\n\n\nclass Settings(Base):\n    host: str\n"
    )

    assert required(tmp_path, code) == {"B_HOST": True}


def test_fields_say_whether_they_have_to_be_given(tmp_path: Path) -> None:
    code = f"""{SETTINGS}
class Settings(BaseSettings):
    plain: str
    optional: str | None
    none: str | None = None
    ellipsis: str = ...
    field: str = Field(min_length=3)
    dots: str = Field(..., min_length=3)
    default: int = Field(3)
    keyword: int = Field(default=3)
    factory: list[str] = Field(default_factory=list)
    _own: str
    model_config = SettingsConfigDict()
"""

    assert required(tmp_path, code) == {
        "PLAIN": True, "OPTIONAL": True, "NONE": False, "ELLIPSIS": True, "FIELD": True, "DOTS": True, "DEFAULT": False,
        "KEYWORD": False, "FACTORY": False,
    }  # fmt: skip


def test_another_name_counts_for_the_field_and_has_no_prefix(tmp_path: Path) -> None:
    code = f"""{SETTINGS}
class Settings(BaseSettings):
    one: str = Field(alias="ONE_NAME")
    two: str = Field(validation_alias=AliasChoices("TWO_NAME", "SECOND"))
    model_config = SettingsConfigDict(env_prefix="X_")
"""

    assert set(read(tmp_path, code)) == {"ONE_NAME", "TWO_NAME"}


def test_nested_settings_are_read_with_the_delimiter(tmp_path: Path) -> None:
    code = f"""{SETTINGS}
class Database(BaseModel):
    host: str
    port: int = 5432


class Redis(BaseSettings):
    url: str
    model_config = SettingsConfigDict(env_prefix="REDIS_")


class Settings(BaseSettings):
    db: Database
    redis: Redis = Redis()
    model_config = SettingsConfigDict(env_prefix="APP_", env_nested_delimiter="__")


settings = Settings()
"""

    assert required(tmp_path, code) == {"APP_DB__HOST": True, "APP_DB__PORT": False, "REDIS_URL": True}


def test_classes_that_nobody_uses_say_nothing(tmp_path: Path) -> None:
    code = f"""{SETTINGS}
class Mysql(BaseSettings):
    MYSQL_HOST: str


class Postgres(BaseSettings):
    PG_HOST: str


class Settings(Postgres):
    pass


settings = Settings()
"""

    assert set(read(tmp_path, code)) == {"PG_HOST"}


def test_a_class_of_the_same_name_is_another_one(tmp_path: Path) -> None:
    code = f"{SETTINGS}\nclass Settings(BaseSettings):\n    ours: str\n\n\nsettings = Settings()\n"
    files = project(tmp_path, {"config.py": code, "other.py": "class Settings:\n    theirs: str\n"})

    assert [one.name for one in variables(files)] == ["OURS"]


def test_what_a_shell_or_a_tool_says_is_no_setting(tmp_path: Path) -> None:
    code = "import os\nA = os.environ['HOME'], os.environ['PATH'], os.getenv('XDG_CACHE_HOME'), os.environ['PATHS']\n"

    assert set(read(tmp_path, code)) == {"PATHS"}


def test_config_of_starlette_is_read_with_its_default(tmp_path: Path) -> None:
    code = """from starlette.config import Config

config = Config(".env")
DEBUG = config("DEBUG", cast=bool, default=False)
KEY = config("KEY")
"""

    assert required(tmp_path, code) == {"DEBUG": False, "KEY": True}


def test_config_in_a_settings_class_speaks_of_one_variable(tmp_path: Path) -> None:
    code = f"""from starlette.config import Config
{SETTINGS}
config = Config(".env")


class Settings(BaseSettings):
    KEY: SecretStr = config("KEY", cast=SecretStr)
    HOST: str = config("HOST", default="localhost")
    URL: str = f"http://{{HOST}}"
"""
    found = read(tmp_path, code)

    assert {name: one.required for name, one in found.items()} == {"KEY": True, "HOST": False, "URL": False}
    assert found["HOST"].default == "localhost"
    assert found["URL"].computed


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from decouple import config\nX = config('A')\n", {"A": True}),
        ("import os\nX = os.environ['A']\nY = os.getenv('B', 'x')\nZ = os.environ.get('C')\n", {"A": True,
            "B": False, "C": False}),
        ("from environs import Env\nenv = Env()\nX = env.str('A')\nY = env.int('B', default=1)\n", {"A": True,
            "B": False}),
        ("import os\nos.environ['A'] = 'x'\n", {}),
        ("def config(x): ...\nconfig('A')\n", {}),
    ],
    ids=["decouple", "os", "environs", "one that is set", "another config"],
)  # fmt: skip
def test_calls_that_read_the_environment(tmp_path: Path, code: str, found: dict[str, bool]) -> None:
    assert required(tmp_path, code) == found


def test_what_gunicorn_is_told_is_not_the_services(tmp_path: Path) -> None:
    code = f"{SETTINGS}\nclass Settings(BaseSettings):\n    workers: int\n"

    assert read(tmp_path, code, "gunicorn/gunicorn_conf.py") == {}


def test_what_is_secret_is_told_by_name_and_type(tmp_path: Path) -> None:
    code = f"""{SETTINGS}
class Settings(BaseSettings):
    SECRET_KEY: str
    ADMIN_PASSWORD: str
    SIGNED: SecretStr
    OPENAI_API_KEY: str
    STRIPE_SECRET: str | None = None
    ACCESS_TOKEN_EXPIRE_MINUTES: int = 30
    TOKEN_URL: str = "/token"
    SECRET_KEY_FILE: str = ""
    ALGORITHM: str = "HS256"
    JWT_SECRET: str = "changethis"
"""
    found, untold = secrets(variables(project(tmp_path, {"config.py": code})), None, {})

    assert {one.name: (one.least, one.required, one.is_issued) for one in found} == {
        "SECRET_KEY": (32, True, False),
        "ADMIN_PASSWORD": (12, True, False),
        "SIGNED": (32, True, False),
        "OPENAI_API_KEY": (1, True, True),
        "STRIPE_SECRET": (1, False, True),
        "JWT_SECRET": (32, False, False),
    }
    assert [one.what for one in untold] == [
        "JWT_SECRET (config.py:14) has a default in the code, which everybody can read: set it in .env."
    ]
