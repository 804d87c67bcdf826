"""How the wheel is made: hatchling calls this. Only here is more than the standard library needed."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from slipway.core import resources  # noqa: E402
from slipway.template import changes, own  # noqa: E402
from slipway.template.make import make  # noqa: E402
from slipway.template.render import tracked  # noqa: E402

UNSHIPPED = {"slipway/pyproject.toml", "slipway/template/hook.py"}


def contents(root: Path) -> dict[str, bytes]:
    """Return what is in the wheel beside its metadata, by name: the package, and the template for `slipway new`."""
    names = tracked(root)
    modules = {name: (root / name).read_bytes() for name in names if _is_shipped(name)}
    packages = own.read((root / own.NAME).read_text(encoding="utf-8"))[1]
    beside = {own.NAME: packages.encode(), changes.NAME: changes.read(root).encode()}
    packed = resources.pack(make(root, names) | beside)
    return modules | {f"slipway/{resources.ARCHIVE}": packed}


def _is_shipped(name: str) -> bool:
    return name.startswith("slipway/") and name not in UNSHIPPED and "__pycache__" not in name


class Needs(MetadataHookInterface):
    """Says what the distribution needs."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Read it from the repository's groups."""
        needs = own.needs((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        metadata["dependencies"] = needs.pop("")
        metadata["optional-dependencies"] = needs


class Files(BuildHookInterface[Any]):
    """Says what goes into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write it all into a folder, alike on each machine; raises for what is no wheel."""
        if self.target_name != "wheel" or version == "editable":
            raise RuntimeError("Slipway is built as a wheel alone: pip wheel --no-deps ./slipway")
        self.folder = tempfile.TemporaryDirectory(prefix="slipway-wheel-")
        for name, content in sorted(contents(ROOT).items()):
            path = Path(self.folder.name, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o644)
            build_data["force_include"][str(path)] = name

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the folder."""
        self.folder.cleanup()
