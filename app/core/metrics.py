"""Prometheus metrics, summed over all workers."""

import os

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, multiprocess
from prometheus_client.exposition import generate_latest
from starlette.types import Scope

IN_PROGRESS = Gauge("http_requests_in_progress", "Requests that are being answered.", multiprocess_mode="livesum")
REQUESTS = Counter("http_requests_total", "Requests answered.", ["method", "route", "status"])
DURATION = Histogram("http_request_duration_seconds", "Time to answer a request.", ["method", "route"])

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
router = APIRouter(include_in_schema=False)


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answered request."""
    # Anybody can make up methods; each would become a time series of its own.
    method = method if method in METHODS else "other"
    REQUESTS.labels(method, route, status).inc()
    DURATION.labels(method, route).observe(seconds)


def route_template(scope: Scope) -> str:
    """Return the path of the matched route with its prefixes, or "unmatched"."""
    # `scope["route"]` is the route as its own router knows it, without the prefix of an include.
    included = scope.get("fastapi", {}).get("effective_route_context")
    path: str = getattr(included or scope.get("route"), "path_format", "unmatched")
    return path


async def inside_only(request: Request) -> None:
    """Answer on the port that no proxy forwards, and nowhere else."""
    port = request.app.state.settings.metrics_port
    if port is None or (request.scope.get("server") or (None, None))[1] != port:
        raise HTTPException(404)


@router.get("/metrics", dependencies=[Depends(inside_only)])
def metrics() -> Response:
    """Return the metrics of all workers, in Prometheus' text format."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
