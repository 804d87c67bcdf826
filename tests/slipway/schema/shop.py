"""A service with models, beside the project's migrations: Alembic's own templates, and an env.py that imports them."""

from pathlib import Path

import alembic
from tests.slipway.schema.support import PYPROJECT, Service

TEMPLATE = Path(alembic.__file__).parent / "templates/generic/script.py.mako"
BASE = "from sqlalchemy.orm import DeclarativeBase\n\nclass Base(DeclarativeBase):\n    pass\n"
MODEL = """
from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column
from shop.base import Base

class T(Base):
    __tablename__ = "t"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    a: Mapped[str | None] = mapped_column(Text)
"""
BILL = """
from sqlalchemy.orm import Mapped, mapped_column
from shop.base import Base

class Bill(Base):
    __tablename__ = "bills"
    id: Mapped[int] = mapped_column(primary_key=True)
"""


def serve(service: Service, **modules: str) -> None:
    """Give a project the package `shop`, with these modules; env.py imports the one called `models`, and its Base."""
    package = service.root / "shop"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").touch()
    for name, text in {"base": BASE, "models": MODEL, **modules}.items():
        (package / f"{name}.py").write_text(text)
    (service.root / "pyproject.toml").write_text(f'{PYPROJECT}\n[tool.slipway]\nasgi = "shop.main:app"\n')
    (service.root / "alembic/script.py.mako").write_text(TEMPLATE.read_text())
    env = service.root / "alembic/env.py"
    text = env.read_text().replace("target_metadata=MetaData()", "target_metadata=Base.metadata")
    env.write_text(f"import shop.models\nfrom shop.base import Base\n{text.removeprefix('import shop.models')}")


def made(service: Service, *args: str) -> list[str]:
    """Return the texts of the revisions that are written."""
    return [(service.root / file).read_text() for file in service.json("revise", "--message", "m", *args)["files"]]
