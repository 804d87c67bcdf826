"""Where a service is asked whether it is ready, under which host, and where its documentation is."""

import ast
import re
from dataclasses import dataclass

from slipway.adopt.composefile import Service
from slipway.adopt.files import Files
from slipway.adopt.findings import Found, Untold, at
from slipway.adopt.layout import Image
from slipway.adopt.routes import Route, constants, routes
from slipway.adopt.source import NOTHING, calls, evaluated, given, last, literal, text

PATHS = re.compile(
    r"/(readyz?|readiness|health[-_]?check|healthz?|health[-_]ready|livez?|liveness|ping|status)(/|$)", re.I
)
BEST = ("ready", "health", "ping", "status", "live")  # what tells most
ASKED = re.compile(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d+|\$\S+?))?(/[^\s\"'|&;)]*)?")
UNKNOWN = "settings"


@dataclass(frozen=True)
class Answers:
    """What a service answers: the health path, the host that it is asked under ("" for any), the documentation's."""

    health: Found[str]
    host: Found[str]
    docs: Found[str]
    openapi: Found[str]


def answers(files: Files, app: Service | None, image: Image | None) -> tuple[Answers, list[Untold]]:
    """Return what can be told: what production is asked before all, then the code's own routes."""
    found = routes(files)
    docs, openapi, untold = _documents(files)
    health, more = _health(app, image, found, openapi, may_be_off=bool(untold))
    host, last_one = _host(files)
    return Answers(health, host, docs, openapi), [*untold, *more, *last_one]


def _health(
    app: Service | None, image: Image | None, found: list[Route], openapi: Found[str], may_be_off: bool
) -> tuple[Found[str], list[Untold]]:
    asked = [(app.health, app.where)] if app else []
    asked += [(image.stage.health, at(image.path, image.stage.health_line))] if image else []
    for command, where in asked:
        match = ASKED.search(command)
        if match and match[2]:
            return Found(match[2], where), []
    fitting = [one for one in found if PATHS.search(one.path) and "{" not in one.path]
    fitting.sort(key=_order)
    if fitting and fitting[0].is_sure:
        return Found(fitting[0].path, fitting[0].where), []
    if fitting:
        best = fitting[0]
        what = f"{best.path} ({best.where}) looks like a health path, and the prefix of its router could not be told."
        return Found("", ""), [Untold(what, f'health = "{best.path}"')]
    if openapi.value:
        off = "Where that is off, the service is never ready: name a path that answers 200."
        more = off if may_be_off else "One of your own says more."
        what = f"No route looks like a health path; {openapi.value} is asked. {more}"
        return openapi, [Untold(what, 'health = "/health"')]
    what = "No route looks like a health path, and the service shows no OpenAPI document: name a path that answers 200."
    return Found("", ""), [Untold(what, 'health = "/health"')]


def _order(one: Route) -> tuple[bool, int, int]:
    best = next(number for number, word in enumerate((*BEST, "")) if word in one.path.lower())
    return not one.is_sure, best, one.path.count("/")


def _documents(files: Files) -> tuple[Found[str], Found[str], list[Untold]]:
    known = constants(files)
    for name in files.code:
        for call in calls(files.tree(name), "FastAPI"):
            where = at(name, call.lineno)
            untold = _elsewhere(files, name, call)
            openapi = _path(given(call, "openapi_url"), "/openapi.json", known)
            docs = _path(given(call, "docs_url"), "/docs", known)
            if docs == UNKNOWN or openapi == UNKNOWN:
                untold.append(Untold(f"The documentation's path at {where} depends on the settings.", 'docs = "/docs"'))
            shown = "" if UNKNOWN in (docs, openapi) else openapi
            return Found("" if not shown else docs, where), Found(shown, where), untold
    return Found("/docs", ""), Found("", ""), []


def _path(node: ast.expr | None, usual: str, known: dict[str, str]) -> str:
    if node is None:
        return usual
    if literal(node) is None:
        return ""
    said = evaluated(node, known)
    return UNKNOWN if said is None else said


def _elsewhere(files: Files, name: str, call: ast.Call) -> list[Untold]:
    # FastAPI(**kwargs): what sets openapi_url to None somewhere may do so in production.
    if not any(keyword.arg is None for keyword in call.keywords):
        return []
    for one in files.code:
        for node in ast.walk(files.tree(one) or ast.Module([], [])):
            pairs = []
            if isinstance(node, ast.Dict):
                pairs = [(text(key), value) for key, value in zip(node.keys, node.values, strict=True)]
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
                pairs = [(text(node.targets[0].slice), node.value)]
            for key, value in pairs:
                if key == "openapi_url" and literal(value) is None:
                    where = at(one, value.lineno)
                    return [Untold(f"{where} turns the OpenAPI document off, at least in some environments; where it "
                                   "is off, there are no docs.", 'docs = ""')]  # fmt: skip
    return []


def _host(files: Files) -> tuple[Found[str], list[Untold]]:
    for name in files.code:
        tree = files.tree(name)
        for call in calls(tree, "add_middleware", "Middleware", "TrustedHostMiddleware"):
            named = last(call.args[0]) if call.args else ""
            if "TrustedHostMiddleware" not in (named, last(call.func)):
                continue
            where, hosts = at(name, call.lineno), given(call, "allowed_hosts")
            items = hosts.elts if isinstance(hosts, ast.List | ast.Tuple) else []
            listed = [literal(one) for one in items]
            if "*" in listed:
                return Found("", where), []
            exact = [one for one in listed if isinstance(one, str) and "*" not in one]
            if exact:
                own = [one for one in exact if one in ("localhost", "127.0.0.1")]
                return Found("" if "127.0.0.1" in own else (own or exact)[0], where), []
            if hosts is not None and NOTHING in (listed or [NOTHING]):
                return Found("", where), [Untold(f"{where} answers only to certain hosts, which the settings name.",
                                                 'health-host = "shop.example.com"')]  # fmt: skip
    return Found("", ""), []
