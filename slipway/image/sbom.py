"""The bill of materials of an image, in CycloneDX."""

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from slipway.image.inspect import Built, contents
from slipway.project.checkout import Checkout
from slipway.project.lockfile import canonical


def write(checkout: Checkout, built: Built) -> Path:
    """Write the bill of materials of an image that is there.

    Returns the file, in the project's own state. Raises Problem when the image cannot be asked.
    """
    target = checkout.project.state / "sbom" / f"{built.tag.replace('/', '_').replace(':', '-')}.cdx.json"
    with checkout.steps.step("sbom", f"{target.relative_to(checkout.root)}") as step:
        installed = contents(checkout.shell, built.tag)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(sbom(built, installed), encoding="utf-8")
        python, system = len(installed["environment"]), len(installed["system"]["packages"])
        step.detail = f"CycloneDX 1.6: {python} packages of Python, {system} of the system"
    return target


def sbom(one: Built, installed: Mapping[str, Any]) -> str:
    """Return the bill of materials as CycloneDX 1.6 JSON.

    Takes what `inspect.read` and `inspect.contents` say of an image. The same image gives the same text: its
    time is the image's, its serial number is made from the image's id.
    """
    name, _, version = one.tag.rpartition(":")
    root = Component(
        type=ComponentType.CONTAINER,
        name=name,
        version=version,
        bom_ref="image",
        properties=[Property(name="slipway:image:id", value=one.id)],
    )
    environment = {canonical(package["name"]): _package(package) for package in installed["environment"]}
    outside = {one.bom_ref.value: one for one in map(_package, installed["base"])}  # one may be in both
    interpreter = _component("python", installed["python"], PackageURL("generic", None, "python", installed["python"]))
    interpreter.type = ComponentType.PLATFORM
    mine = {one.bom_ref.value for one in environment.values()}
    others = [one for ref, one in outside.items() if ref not in mine]
    components = [*environment.values(), *others, interpreter, *_system(installed["system"])]
    bom = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, one.id),
        metadata=BomMetaData(component=root, timestamp=datetime.fromisoformat(one.created).astimezone(UTC)),
        components=components,
    )
    for package in installed["environment"]:
        needs = [environment[name] for name in _needs(package["requires"]) if name in environment]
        bom.register_dependency(environment[canonical(package["name"])], needs)
    bom.register_dependency(root, components)
    return str(JsonV1Dot6(bom).output_as_string(indent=2)) + "\n"


def _component(name: str, version: str, purl: PackageURL, **more: Any) -> Component:
    return Component(name=name, version=version, purl=purl, bom_ref=purl.to_string(), **more)


def _package(package: Mapping[str, Any]) -> Component:
    archive = package["archive"]  # of the project's own: PyPI may have another package of that name
    qualifiers = {"file_name": archive["file"]} if archive else {}
    purl = PackageURL("pypi", None, canonical(package["name"]), package["version"], qualifiers)
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=archive["sha256"])] if archive.get("sha256") else []
    about = {"description": package["summary"], "licenses": list(_licenses(package)), "hashes": hashes}
    return _component(package["name"], package["version"], purl, **about)


def _licenses(package: Mapping[str, Any]) -> Iterator[License]:
    # PEP 639's expression, or a short old field, or the classifiers.
    factory = LicenseFactory()
    old = package["license"].strip()
    if package["expression"]:
        yield factory.make_from_string(package["expression"])
    elif old and "\n" not in old and len(old) < 100:
        yield factory.make_from_string(old)
    else:
        yield from map(factory.make_with_name, sorted(set(package["classifiers"])))


def _needs(requires: Iterable[str]) -> Iterator[str]:
    # What an extra asks for is not this package's own need.
    for line in requires:
        name = re.match(r"[A-Za-z0-9._-]+", line)
        if name and not re.search(r";.*\bextra\b", line):
            yield canonical(name[0])


def _system(system: Mapping[str, Any]) -> Iterator[Component]:
    kind = "apk" if system["id"] == "alpine" else "deb"
    distro = f"{system['id']}-{system['version']}"
    for package in system["packages"]:
        qualifiers = {"arch": package["arch"], "distro": distro}
        if package["source"] not in ("", package["name"]):
            qualifiers["upstream"] = package["source"]  # advisories go by it
        purl = PackageURL(kind, system["id"], package["name"], package["version"], qualifiers)
        licenses = [LicenseFactory().make_from_string(package["license"])] if package["license"] else []
        yield _component(package["name"], package["version"], purl, licenses=licenses)
