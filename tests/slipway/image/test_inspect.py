"""What an image is made of, and its bill of materials."""

import json
from dataclasses import replace

from cyclonedx.model.bom import Bom

from slipway.image.inspect import Layer, built
from slipway.image.sbom import sbom
from tests.slipway.image.support import BASE, IMAGE, OURS, installed, package, step

INSTALLED = installed(
    [
        package("Web.Frame_Work", 3_000_000, expression="MIT", requires=["typing_extensions>=4; python_version<'4'",
                                                                        "orjson ; extra == 'all'"]),
        package("typing-extensions", license="PSF-2.0", requires=["web.frame-work"]),
        package("orjson", license="long\ntext", classifiers=["MIT License"]),
    ],
    base=[package("pip"), package("orjson", version="0.9")],
)  # fmt: skip


def test_layers_are_told_apart_from_the_base_image() -> None:
    one = built("x:1", IMAGE, BASE + OURS)

    assert (one.size, one.base, one.above) == (100_500_000, 80_000_000, 20_500_000)
    assert one.layers == (Layer("COPY /a /", 20_000_000), Layer("COPY /b /", 500_000))


def test_an_image_of_plain_docker_build_is_shown_whole() -> None:
    times = [step("COPY", 5, "2026-01-02T03:04:04Z"), step("CMD", 0)]
    one = built("x:1", replace(IMAGE, user="0", labels={}), BASE + times)

    assert one.base is None
    assert [layer.size for layer in one.layers] == [80_000_000, 5]
    assert one.user == "root"


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


def test_a_package_of_the_projects_own_is_not_taken_for_one_of_the_index() -> None:
    own = package("ours", archive={"file": "ours-1.0-py3-none-any.whl", "sha256": "ab" * 32})
    old = package("old", archive={"file": "old-1.0.tar.gz", "sha256": ""})  # by an old pip
    read = json.loads(sbom(built("x:1", IMAGE, BASE + OURS), installed([own, old])))
    found, older = (next(one for one in read["components"] if one["name"] == name) for name in ("ours", "old"))
    assert (older["purl"], older.get("hashes")) == ("pkg:pypi/old@1.0?file_name=old-1.0.tar.gz", None)
    assert found["purl"] == "pkg:pypi/ours@1.0?file_name=ours-1.0-py3-none-any.whl"
    assert found["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
