"""The documentation page; works offline and loads nothing from elsewhere."""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import FileResponse, HTMLResponse

router = APIRouter(prefix="/docs", include_in_schema=False)

# Swagger UI comes from the package fastapi-swagger, of which only the files are used.
_FOLDER = Path(str(files("fastapi_swagger"))) / "resources"
_ASSETS = {"swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"}
# Swagger UI draws its icons from data: URLs.
_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/page.js"></script>
</body>
</html>
"""
_SCRIPT = """\
SwaggerUIBundle({url: "openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: "none"});
"""


@router.get("")
async def page() -> HTMLResponse:
    """Return the page."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/page.js")
async def script() -> Response:
    """Return the script that starts Swagger UI; inline, the policy would forbid it."""
    return Response(_SCRIPT, media_type="text/javascript")


@router.get("/{name}")
async def asset(name: str) -> FileResponse:
    """Return a file of Swagger UI."""
    if name not in _ASSETS:
        raise HTTPException(404, "There is no such file.")
    return FileResponse(_FOLDER / name, headers={"Cache-Control": "public, max-age=3600"})
