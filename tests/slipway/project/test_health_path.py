"""What the answers of the health path mean, and how it is asked."""

from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project.config import load
from slipway.project.health import Answer, headers


@pytest.mark.parametrize(
    ("printed", "answer"),
    [
        ("200", Answer(200)),  # of an image of before
        ("200 \n", Answer(200)),
        ("307 https://shop.example.com/health\n", Answer(307, "https://shop.example.com/health")),
        ("Traceback (most recent call last):\n  ...\nConnectionRefusedError: [Errno 111]", Answer()),
        ("Health check exceeded timeout (3s)", Answer()),
        ("127.0.0.1:5432 - no response", Answer()),
        ("", Answer()),
    ],
)
def test_what_a_health_check_prints_is_read(printed: str, answer: Answer) -> None:
    assert Answer.read(printed) == answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(), ""),
        (Answer(200), ""),
        (Answer(503), "its health path answers 503"),
        (Answer(400), r"its health path answers 400 (a service that checks the Host header"),
        (Answer(307, "https://x/"), "its health path answers 307, to https://x/ (it has to answer 200 by itself"),
        (Answer(302, "/login"), "its health path answers 302, to /login (it has to answer 200 by itself"),
        (Answer(401), "its health path answers 401 (it has to answer 200 without a login"),
        (Answer(404), "its health path answers 404 (the path that answers 200 when"),
        (Answer(204), "its health path answers 204 (it has to be 200)"),
    ],
)
def test_an_answer_is_said_with_what_to_change(answer: Answer, said: str) -> None:
    assert str(answer).startswith(said)
    assert bool(said) == bool(str(answer))
    assert ("[tool.slipway] of pyproject.toml" in str(answer)) == (300 <= answer.status < 500)


def named(root: Path, host: str) -> str:
    """Return the Host header that a pyproject.toml names."""
    table = f'[tool.slipway]\nhealth-host = "{host}"\n'
    (root / "pyproject.toml").write_text(f'[project]\nname = "x"\nversion = "1.0.0"\n{table}')
    return load(root).health_host


def test_the_host_header_is_the_projects(tmp_path: Path) -> None:
    assert headers(named(tmp_path, "shop.example.com:8443")) == {"Host": "shop.example.com:8443"}
    assert headers("") == {}
    for bad in ("a b", "a\\nb", "https://shop.example.com"):
        with pytest.raises(Problem, match="names no host"):
            named(tmp_path, bad)
