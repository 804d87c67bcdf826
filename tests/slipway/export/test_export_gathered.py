"""What is in no manifest, by its name or by what it holds; and what an image's tag is as a label."""

from pathlib import Path

import pytest

from slipway.export.gather import kept, label
from slipway.project.config import Project

EXAMPLE = "ACCESS_TOKEN_EXPIRE_MINUTES=30\nDATABASE_PASSWORD=\n# SMTP_PASSWORD=\n"


@pytest.mark.parametrize(
    ("name", "value", "is_kept"),
    [
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "45", False),
        ("ALGORITHM", "HS256", False),
        ("DATABASE_PASSWORD", "x", True),
        ("SMTP_PASSWORD", "12345678", True),
        ("SMTP_PASSWORD", None, False),
        ("REDIS_URL", "redis://:geheim@redis:6379", True),
        ("REDIS_URL", "redis://redis:6379", False),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "https://a:b@c", True),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=abc", True),
        ("PLAIN", "k1", True),
    ],
)
def test_what_may_be_secret_is_kept(tmp_path: Path, name: str, value: str | None, is_kept: bool) -> None:
    (tmp_path / ".env.example").write_text(EXAMPLE)
    project = Project(root=tmp_path, name="shop", version="1.0.0", secrets={"DATABASE_PASSWORD": 12, "PLAIN": 1})
    assert kept(project, [{"environment": {name: value}}, {"environment": None}]) == ({name} if is_kept else set())


@pytest.mark.parametrize(
    ("image", "found"),
    [
        ("r.example/shop:1.2.3@sha256:ab", "1.2.3"),
        ("r.example/shop@sha256:ab", ""),
        ("shop:_x", "x"),
        (f"shop:1.0.0-{'a' * 80}", f"1.0.0-{'a' * 57}"),
    ],
)
def test_a_tag_as_a_label(image: str, found: str) -> None:
    assert label(image) == found
