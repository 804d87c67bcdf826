"""What an image is made of, and its bill of materials."""

import json
from dataclasses import replace
from typing import Any

from cyclonedx.model.bom import Bom

from slipway.image.inspect import Built, Layer, built, lines
from slipway.image.sbom import sbom

TIME = "2026-01-02T03:04:05Z"


def step(made_by: str, size: int, created: str = TIME) -> dict[str, str]:
    """Return a line of `docker history`."""
    return {"CreatedBy": made_by, "Size": str(size), "CreatedAt": created}


BASE = [step("base", 80_000_000, "2025-01-01T00:00:00Z"), step("CMD", 0, "2025-01-01T00:00:00Z")]
OURS = [step("ENV A=1", 0), step("COPY /a / # buildkit", 20_000_000), step("COPY /b / # buildkit", 500_000)]
IMAGE = {"Id": "sha256:ab", "Created": TIME, "Config": {"User": "65532:65532", "Labels": {"a": "b"}}}


def package(name: str, size: int = 1, **more: Any) -> dict[str, Any]:
    """Return a package as the image says it."""
    blank = {"summary": "", "expression": "", "license": "", "classifiers": [], "requires": []}
    return {"name": name, "version": "1.0", "size": size} | blank | more


INSTALLED: dict[str, Any] = {
    "python": "3.13.5",
    "environment": [
        package("Web.Frame_Work", 3_000_000, expression="MIT", requires=["typing_extensions>=4; python_version<'4'",
                                                                        "orjson ; extra == 'all'"]),
        package("typing-extensions", license="PSF-2.0", requires=["web.frame-work"]),
        package("orjson", license="long\ntext", classifiers=["MIT License"]),
    ],
    "base": [package("pip"), package("orjson", version="0.9")],
    "system": {"id": "debian", "version": "13", "packages": [
        {"name": "libc6", "version": "2.41-12", "arch": "amd64", "source": "glibc", "license": ""}]},
}  # fmt: skip


def test_layers_are_told_apart_from_the_base_image() -> None:
    one = built("x:1", IMAGE, BASE + OURS)

    assert (one.size, one.base, one.above) == (100_500_000, 80_000_000, 20_500_000)
    assert one.layers == (Layer("COPY /a /", 20_000_000), Layer("COPY /b /", 500_000))


def test_an_image_of_plain_docker_build_is_shown_whole() -> None:
    times = [step("COPY", 5, "2026-01-02T03:04:04Z"), step("CMD", 0)]
    one = built("x:1", IMAGE | {"Config": {}}, BASE + times)

    assert one.base is None
    assert [layer.size for layer in one.layers] == [80_000_000, 5]
    assert one.user == "root"


def test_the_picture_says_size_user_packages_and_the_baseline() -> None:
    one = built("x:1", IMAGE, BASE + OURS)
    baseline = Built("x:single", "sha256:cd", TIME, 121_000_000, 80_000_000, (), "root", {})
    text = "\n".join(lines(one, INSTALLED, [one], baseline))

    for part in ("100.5 MB, of which 20.5 above", "20.0 MB  COPY /a /", "65532:65532", "Web.Frame_Work 3.0", "a = b",
                 "debian 13, 1 packages", "2.0 times ours"):  # fmt: skip
        assert part in text
    elsewhere = "\n".join(lines(one, INSTALLED, [one], replace(baseline, base=None)))
    assert "times ours" not in elsewhere
    assert "./inv image --single" in "\n".join(lines(one, INSTALLED, [one], None))


def test_the_bill_of_materials_holds_all_that_is_installed_and_never_changes() -> None:
    one = built("registry/x:1", IMAGE, BASE + OURS)
    text = sbom(one, INSTALLED)
    read = json.loads(text)

    assert text == sbom(one, INSTALLED)
    assert Bom.from_json(read) is not None  # type: ignore[attr-defined]
    assert (read["bomFormat"], read["specVersion"]) == ("CycloneDX", "1.6")
    assert read["metadata"]["timestamp"] == "2026-01-02T03:04:05+00:00"
    components = {component["purl"]: component for component in read["components"]}
    assert components.keys() == {
        "pkg:pypi/web-frame-work@1.0", "pkg:pypi/typing-extensions@1.0", "pkg:pypi/orjson@1.0", "pkg:pypi/pip@1.0",
        "pkg:pypi/orjson@0.9", "pkg:generic/python@3.13.5",
        "pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=debian-13&upstream=glibc",
    }  # fmt: skip
    licenses = [components[f"pkg:pypi/{name}@1.0"]["licenses"] for name in ("typing-extensions", "orjson")]
    assert licenses == [[{"license": {"id": "PSF-2.0"}}], [{"license": {"name": "MIT License"}}]]
    needs = {one["ref"]: one.get("dependsOn", []) for one in read["dependencies"]}
    assert needs["pkg:pypi/web-frame-work@1.0"] == ["pkg:pypi/typing-extensions@1.0"]
    assert set(needs["image"]) == components.keys()
