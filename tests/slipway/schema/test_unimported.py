"""Which modules define tables, and are not imported."""

import importlib.machinery
import sys
from pathlib import Path

import pytest
from sqlalchemy.orm import DeclarativeBase

from slipway.schema.unimported import unimported

TABLES = {
    "named": "class A(Base):\n    __tablename__ = 'a'\n",
    "typed": "class A(Base):\n    __tablename__: str = 'a'\n",
    "core": "import sqlalchemy as sa\na = sa.Table('a', metadata, sa.Column('id', sa.Integer))\n",
    "plain": "from sqlalchemy import Table as Tisch\na = Tisch('a', metadata)\n",
    "sqlmodel": "class A(SQLModel, table=True):\n    id: int | None = Field(default=None, primary_key=True)\n",
    "by_its_base": "class A(Base):\n    id: Mapped[int] = mapped_column(primary_key=True)\n",
    "below": "if True:\n    class A(orm.Base):\n        __tablename__ = 'a'\n",
}
OTHERS = {
    "abstract": "class A(Base):\n    __abstract__ = True\n    __tablename__ = 'a'\n",
    "mixin": "class A:\n    id: Mapped[int] = mapped_column(primary_key=True)\n",
    "schema": "class A(SQLModel):\n    id: int\n",
    "base": "class Base(DeclarativeBase):\n    @declared_attr.directive\n    def __tablename__(cls): return 'a'\n",
    "rich": "from rich.table import Table\na = Table('a', 'b')\n",
    "broken": "class A(Base:\n",
    "base_with_a_key": "class Base(DeclarativeBase):\n    id: Mapped[int] = mapped_column(primary_key=True)\n",
    "models_test": TABLES["named"],
    "test_models": TABLES["named"],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder from which modules are imported."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def write(folder: Path, **modules: str) -> None:
    for name, text in modules.items():
        path = folder / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_modules_of_a_package_that_define_tables(folder: Path) -> None:
    write(folder / "store_one", **TABLES, **OTHERS, __init__="", **{"tests.models": TABLES["named"]})
    write(folder / "store_one/deep", __init__=TABLES["named"])

    assert unimported("store_one") == tuple(sorted([*(f"store_one.{name}" for name in TABLES), "store_one.deep"]))


def test_modules_beside_one_that_is_in_no_package(folder: Path) -> None:
    write(folder, store_main="", store_models=TABLES["named"], conftest=TABLES["named"])
    write(folder, **{"store_two.__init__": "", "store_two.models": TABLES["core"], "tests.__init__": TABLES["named"]})

    assert unimported("store_main") == ("store_models", "store_two.models")


def test_packages_beside_the_services_that_it_imports(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, **{"store_four.__init__": "", "store_four.main": "import os\nfrom store_data.session import s\n"})
    write(folder, **{"store_data.session": "from store_deep import x", "store_data.models": TABLES["named"]})
    write(folder, **{"store_deep": TABLES["core"], "examples.models": TABLES["named"], "store_env.a": TABLES["plain"]})
    package = type(sys)("store_env")  # as env.py has imported it
    package.__path__ = [str(folder / "store_env")]
    package.__spec__ = importlib.machinery.ModuleSpec("store_env", None, is_package=True)
    package.__spec__.submodule_search_locations = package.__path__
    monkeypatch.setitem(sys.modules, "store_env", package)

    assert unimported("store_four") == ("store_data.models", "store_deep", "store_env.a")


def test_a_model_whose_base_makes_name_and_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = type(sys)("store_five.base")

    class Ours(DeclarativeBase):
        pass

    base.Base, base.Plain = Ours, object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "store_five.base", base)
    tables = {"one": "from store_five.base import Base as B\nclass A(Mixin, B):\n    pass\n"}
    tables["deep.two"] = "from ..base import Base\nclass A(Base):\n    a: Mapped[int]\n"
    write(folder / "store_five", __init__="", **tables, none="from .base import Plain\nclass A(Plain):\n    pass\n")

    assert unimported("store_five") == ("store_five.deep.two", "store_five.one")


def test_tables_of_revisions_are_no_models(folder: Path) -> None:
    write(folder / "store_six", __init__="", **{"history.versions.one": TABLES["named"]})

    assert unimported("store_six") == ("store_six.history.versions.one",)
    assert unimported("store_six", [str(folder / "store_six/history")]) == ()


def test_what_was_imported_under_any_name_is_imported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "store_three", __init__="", models=TABLES["named"])
    module = type(sys)("other.name")
    module.__file__ = str(folder / "store_three/models.py")
    monkeypatch.setitem(sys.modules, "other.name", module)

    assert unimported("store_three") == ()
    assert unimported("nowhere_at_all") == ()
