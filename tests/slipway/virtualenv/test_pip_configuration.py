"""What pip's configuration says is said to uv as well, or uv is not used."""

import os
from pathlib import Path

import pytest

from slipway.virtualenv import configuration
from slipway.virtualenv.configuration import Untranslatable, read, translate


def test_a_variable_counts_before_what_is_about_installing_and_that_before_the_rest() -> None:
    said = (
        "global.index-url='https://one.example/simple'\ninstall.index-url='https://two.example/simple'\n"
        "global.find-links='\\n/a\\n/b'\ndownload.timeout='3'\n:env:.timeout='60'\nglobal.timeout='5'\nnonsense\n"
    )
    assert read(said) == {"index-url": "https://two.example/simple", "find-links": "\n/a\n/b", "timeout": "60"}


def test_indexes_stand_in_the_list_where_no_process_table_shows_their_passwords() -> None:
    config = {"index-url": "https://me:pass@one.example/simple", "extra-index-url": "file:///a https://two.example/x"}
    given = translate(config | {"find-links": "\n/wheels\n/more", "no-index": "false"}, {}, [])
    assert given.lines == [
        "--index-url https://me:pass@one.example/simple",
        "--extra-index-url file:///a",
        "--extra-index-url https://two.example/x",
        "--find-links /wheels",
        "--find-links /more",
    ]
    assert not given.options
    assert translate({"no-index": "1"}, {}, []).lines == ["--no-index"]


def test_the_rest_becomes_options_and_variables(tmp_path: Path) -> None:
    config = {
        "trusted-host": "a.example b.example:8080",
        "proxy": "me:pass@proxy.example:3128",
        "default-timeout": "180",
    }
    config |= {"client-cert": "/c.pem", "no-cache-dir": "yes", "only-binary": ":all:", "retries": "7"}
    given = translate(config, {"UV_INDEX": "https://mine.example", "UV_CACHE_DIR": "/cache", "HOME": "/me"}, [])
    assert given.options == [
        "--allow-insecure-host", "a.example", "--allow-insecure-host", "b.example:8080", "--only-binary", ":all:",
    ]  # fmt: skip
    proxy = "http://me:pass@proxy.example:3128"
    expected = {"HTTPS_PROXY": proxy, "https_proxy": proxy, "UV_HTTP_TIMEOUT": "180", "UV_HTTP_RETRIES": "7"}
    expected |= {"SSL_CLIENT_CERT": "/c.pem", "UV_NO_CACHE": "1", "UV_CACHE_DIR": "/cache", "HOME": "/me"}
    assert expected.items() <= given.env.items()
    assert "UV_INDEX" not in given.env


def test_certificates_are_those_that_pip_trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = {"REQUESTS_CA_BUNDLE": "/r.pem", "CURL_CA_BUNDLE": "/c.pem"}
    assert translate({"cert": "/mine.pem"}, bundle, []).env["SSL_CERT_FILE"] == "/mine.pem"
    assert translate({}, bundle, []).env["SSL_CERT_FILE"] == "/r.pem"
    assert translate({"cert": str(tmp_path)}, bundle, []).env["SSL_CERT_DIR"] == str(tmp_path)
    monkeypatch.setattr(os.path, "exists", lambda _: False)
    assert not translate({}, {}, []).env, "a machine that trusts nobody of its own: uv's list"


def test_a_constraint_counts_when_it_is_about_what_is_installed(tmp_path: Path) -> None:
    file = tmp_path / "constraints.txt"
    file.write_text("# ours\nTorch_Vision<=2\n\n")
    assert translate({"constraint": str(file)}, {}, ["fastapi"]).options == []
    for names, path in ((["torch-vision"], file), (["fastapi"], tmp_path / "gone.txt")):
        with pytest.raises(Untranslatable, match="constraint"):
            translate({"constraint": str(path)}, {}, names)
    file.write_text("-c https://one.example/more.txt\n")
    with pytest.raises(Untranslatable):
        translate({"constraint": str(file)}, {}, [])


@pytest.mark.parametrize("name", ["no-build-isolation", "keyring-provider", "target", "what-comes-next-year"])
def test_what_uv_does_not_know_leaves_it_to_pip(name: str) -> None:
    with pytest.raises(Untranslatable, match=name):
        translate({name: "true"}, {}, [])


def test_what_is_only_about_output_means_nothing() -> None:
    silent = dict.fromkeys(configuration.WITHOUT_MEANING, "1") | {"keyring-provider": "disabled"}
    given = translate(silent, {}, [])
    assert (given.lines, given.options) == ([], [])
