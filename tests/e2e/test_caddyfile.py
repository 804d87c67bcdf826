"""Every line of the Caddyfile has a check that fails when it is taken out; no deployment is needed for them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.caddy import away, clients, domain, keyed, operation, service
from tests.e2e.caddy.lab import Lab, lab
from tests.e2e.caddy.lines import Line, functional
from tests.support import ROOT

pytestmark = pytest.mark.minutes(1)
WHOLE = (ROOT / "Caddyfile").read_text()

Check = Callable[[Lab], None]
# How each line begins, in the Caddyfile's order; what fails without it; and parts of it that are taken out as well. A
# block goes as a whole.
LINES: list[tuple[str, Check, list[str]]] = [
    ("admin", operation.is_reloaded_over_its_socket, []),
    ("persist_config", operation.writes_no_configuration, []),
    ("grace_period", operation.lets_requests_finish, []),
    ("metrics", operation.counts_what_clients_got, []),
    ("auto_https", domain.leads_to_https, []),
    ("{$OPTION_EMAIL}", operation.takes_options_from_the_environment, []),
    ("{$OPTION_CA}", operation.takes_options_from_the_environment, []),
    ("{$OPTION_CA_ROOT}", operation.takes_options_from_the_environment, []),
    ("servers {", clients.believes_whom_it_trusts, []),
    ("enable_full_duplex", clients.answers_before_the_body_has_come, []),
    ("timeouts {", operation.ends_what_is_slow, []),
    ("read_header", operation.ends_what_is_slow, []),
    ("read_body", operation.ends_what_is_slow, []),
    ("idle", operation.ends_what_is_slow, []),
    ("max_header_size", clients.limits_heads, []),
    ("trusted_proxies static", clients.believes_whom_it_trusts, []),
    ("trusted_proxies_strict", clients.believes_whom_it_trusts, []),
    ("servers {$INTERNAL:127.0.0.1}:2020 {", operation.counts_what_clients_got, []),
    ("name internal", operation.counts_what_clients_got, []),
    ("(service) {", service.finds_the_release, []),
    ("reverse_proxy {", service.finds_the_release, []),
    ("dynamic a {", service.finds_the_release, []),
    ("name {file./deployment/live}", service.finds_the_release, []),
    ("port 8000", service.finds_the_release, []),
    ("refresh", service.finds_a_new_container_soon, []),
    ("versions ipv4", service.takes_its_ipv4_addresses_alone, []),
    ("header_up X-Forwarded-For", service.tells_one_address, []),
    ("lb_policy", service.leads_to_the_least_busy, []),
    ("lb_try_duration", service.waits_until_one_listens, []),
    ("lb_try_interval", service.gives_up_in_time, []),
    ("lb_retry_match {", service.sends_nothing_twice, []),
    ("method NEVER", service.sends_nothing_twice, []),
    ("{block}", keyed.sends_it_once_more, []),
    ("stream_close_delay", service.keeps_streams_over_a_reload, []),
    ("transport http {", service.keeps_no_connection, []),
    ("dial_timeout", clients.answers_502_when_nobody_can_be_reached, []),
    ("keepalive off", service.keeps_no_connection, []),
    ("{args[:]}", service.lets_bodies_wait, []),
    ("(again) {", keyed.sends_it_once_more, []),
    ("lb_try_duration", keyed.has_time_for_a_second_one, []),
    ("request_buffers", keyed.sends_it_once_more, []),
    ("lb_retry_match {", keyed.sends_it_once_more, []),
    ("header_regexp Content-Length", keyed.repeats_no_part_of_a_body, ["^", "$"]),
    ("not vars_regexp {http.regexp.again.0}", keyed.sends_it_once_more, ["not "]),
    ("not not vars_regexp again", keyed.sends_it_once_more, ["not "]),
    ("(maintenance) {", away.sends_clients_away, []),
    ("@away {", away.sends_clients_away, []),
    ("file {", away.sends_clients_away, []),
    ("root /deployment", away.sends_clients_away, []),
    ("try_files /maintenance/on", away.sends_clients_away, []),
    ("not file {", away.lets_addresses_in, ["not "]),
    ("root /deployment", away.lets_addresses_in, []),
    ("try_files /maintenance/allowed/{client_ip}", away.lets_addresses_in, ["{client_ip}"]),
    ("handle @away {", away.sends_clients_away, [" @away"]),
    ("header Retry-After", away.sends_clients_away, []),
    ("header Cache-Control", away.sends_clients_away, []),
    ("header X-Content-Type-Options", away.sends_clients_away, []),
    ("header Content-Type application/problem+json", away.sends_clients_away, []),
    ("@unread not method GET HEAD", away.ends_connections_with_a_body, ["not "]),
    ("header @unread Connection close", away.ends_connections_with_a_body, [" @unread"]),
    ("@page {", away.shows_a_page_to_browsers, []),
    ("header_regexp Accept", away.shows_a_page_to_browsers, ["(?i)"]),
    (
        "not header_regexp Accept",
        away.shows_a_page_to_browsers,
        ["not ", "(?i)", "json.*text/html|", "|text/html *; *q=0.*json", "; *q=0"],
    ),
    ("handle @page {", away.shows_a_page_to_browsers, [" @page"]),
    ("header Content-Type", away.shows_a_page_to_browsers, []),
    ("respond {file./deployment/maintenance/page.html} 503", away.shows_a_page_to_browsers, [" 503"]),
    ("respond {file./deployment/maintenance/problem.json} 503", away.sends_clients_away, [" 503"]),
    ("{$SITE} {", domain.is_found_by_its_name, []),
    ("@https protocol", domain.asks_for_https_from_now_on, []),
    ("header @https Strict-Transport-Security", domain.asks_for_https_from_now_on, [" @https"]),
    ("header @https Alt-Svc", domain.offers_http3_where_it_is, [" @https"]),
    ("route {", clients.hides_what_is_for_the_network, []),
    ("import maintenance", away.sends_clients_away, []),
    (
        "@private path",
        clients.hides_what_is_for_the_network,
        [" /metrics /metrics/*", " /metrics/*", " /health /health/*", " /health/*"],
    ),
    ("error @private 404", clients.hides_what_is_for_the_network, [" @private"]),
    ("@control path_regexp", clients.hides_control_characters, [r"\x00-\x1f", r"\x7f", r"-\x1f"]),
    ("error @control 404", clients.hides_control_characters, [" @control"]),
    ("@untrusted not remote_ip", clients.drops_what_only_proxies_may_say, ["not "]),
    ("request_header @untrusted -X-Request-ID", clients.drops_what_only_proxies_may_say, [" @untrusted"]),
    ("request_header @untrusted -Forwarded", clients.drops_what_only_proxies_may_say, [" @untrusted"]),
    ("request_header @untrusted -X-Real-IP", clients.drops_what_only_proxies_may_say, [" @untrusted"]),
    ("@other not method GET", clients.lets_a_get_alone_become_a_websocket, ["not "]),
    ("request_header @other -Upgrade", clients.lets_a_get_alone_become_a_websocket, [" @other"]),
    ("request_body {", clients.limits_bodies, []),
    ("max_size", clients.limits_bodies, []),
    ("intercept {", clients.answers_400_to_a_body_that_is_cut_off, []),
    ("@none header !Via", clients.answers_400_to_a_body_that_is_cut_off, []),
    ("handle_response @none {", clients.answers_400_to_a_body_that_is_cut_off, []),
    ("error", clients.answers_400_to_a_body_that_is_cut_off, []),
    ("templates {", clients.answers_400_to_a_body_that_is_cut_off, []),
    ("mime x/never", clients.leaves_answers_as_they_are, []),
    ("@keyed {", keyed.sends_nothing_else_twice, []),
    ("expression", keyed.sends_nothing_else_twice, ["^"]),
    ("header_regexp Idempotency-Key", keyed.sends_nothing_else_twice, []),
    ("header_regexp Content-Length", keyed.waits_for_all_others, ["^", "$"]),
    ("handle @keyed {", keyed.sends_it_once_more, []),
    ("import service max_conns", service.lets_bodies_wait, [" max_conns_per_host 512"]),
    ("import again", keyed.sends_it_once_more, []),
    ("@safe", keyed.sends_a_get_once_more, []),
    ("handle @safe {", keyed.sends_a_get_once_more, []),
    (
        "import service",
        keyed.sends_what_has_no_answer_once_more,
        [" response_header_timeout {$REPEAT_AFTER:15s}"],
    ),
    ("import again", keyed.sends_a_get_once_more, []),
    ("handle @other {", service.lets_bodies_wait, [" @other"]),
    ("import service", service.lets_bodies_wait, [" max_conns_per_host 1536"]),
    ("import service", service.finds_the_release, []),
    ("handle_errors {", clients.answers_503_when_nobody_listens, []),
    ("header Content-Type application/problem+json", clients.answers_503_when_nobody_listens, []),
    ("header X-Content-Type-Options", clients.answers_503_when_nobody_listens, []),
    ("header Cache-Control", clients.answers_503_when_nobody_listens, []),
    ("@unread not method GET HEAD", clients.ends_connections_with_a_refused_body, ["not "]),
    ("header @unread Connection close", clients.ends_connections_with_a_refused_body, [" @unread"]),
    ("header -Content-Length", clients.answers_400_to_a_body_that_is_cut_off, []),
    ("@late", clients.answers_408_to_a_body_that_takes_too_long, ["(read(from)? tcp .*: )?", "(from)?"]),
    ("respond @late", clients.answers_408_to_a_body_that_takes_too_long, []),
    (
        "@cut",
        clients.answers_400_to_a_body_that_is_cut_off,
        ["{http.error.status_code} == 499 || ", "readfrom tcp |", "|(http: )?unexpected EOF", "(http: )?"],
    ),
    ("respond @cut", clients.answers_400_to_a_body_that_is_cut_off, []),
    ("respond `", clients.answers_503_when_nobody_listens, []),
    ("{$OTHERS:", domain.refuses_names_that_are_not_ours, []),
    ("map", domain.leads_to_https, []),
    ('443 ""', domain.leads_to_https, []),
    ("default", domain.leads_to_https, []),
    ("@ours host", domain.leads_to_https, []),
    ("redir @ours", domain.leads_to_https, []),
    ("header -Alt-Svc", domain.refuses_names_that_are_not_ours, []),
    ("@unread not method GET HEAD", domain.ends_connections_with_a_body, ["not "]),
    ("header @unread Connection close", domain.ends_connections_with_a_body, [" @unread"]),
    ("header Content-Type application/problem+json", domain.refuses_names_that_are_not_ours, []),
    ("respond", domain.refuses_names_that_are_not_ours, []),
    ("http://:2020 {", operation.tells_that_it_runs, []),
    ("bind {$INTERNAL:127.0.0.1}", operation.is_internal, []),
    ("route {", operation.names_the_release_that_answers, []),
    ("@others not remote_ip", operation.lets_in_who_watches, []),
    ("error @others 403", operation.lets_in_who_watches, []),
    ("handle /proxy {", operation.tells_that_it_runs, []),
    ("handle /metrics {", operation.counts_what_clients_got, []),
    ("metrics", operation.counts_what_clients_got, []),
    ("handle {", operation.names_the_release_that_answers, []),
    ("header X-Release", operation.names_the_release_that_answers, []),
    ("import service", operation.names_the_release_that_answers, []),
]
# Parts of lines that other checks hold.
PARTS: list[tuple[str, str, Check]] = [
    ("handle @keyed {", " @keyed", keyed.sends_nothing_else_twice),
    ("handle @safe {", " @safe", keyed.waits_for_all_others),
    ("@safe", "^", keyed.sends_nothing_else_twice),
    (
        "import service max_conns",
        " response_header_timeout {$REPEAT_AFTER:15s}",
        keyed.sends_what_has_no_answer_once_more,
    ),
    ("handle_response @none {", " @none", clients.leaves_answers_as_they_are),
    ("@late", "^", clients.answers_502_when_nobody_can_be_reached),
    ("@cut", '!{http.error.message}.contains(": write tcp ") && ', clients.answers_502_when_the_service_breaks_off),
    ("@cut", "^", clients.answers_502_when_the_service_breaks_off),
    ("@cut", "|header line too long", clients.answers_400_to_a_malformed_body),
    ("@cut", "|malformed MIME header", clients.answers_400_to_a_malformed_body),
    ("@cut", "|[a-z ]*chunk", clients.answers_400_to_a_malformed_body),
    ("respond @late", " @late", clients.answers_503_when_nobody_listens),
    ("respond @cut", " @cut", clients.answers_503_when_nobody_listens),
    ("redir @ours", " @ours", domain.refuses_names_that_are_not_ours),
]
# What is wrong in no line that is missing.
BESIDE = {
    keyed.repeats_no_answer,
    keyed.hands_on_no_part_as_a_whole,
    keyed.names_none_by_itself,
    keyed.waits_for_all_others,
}
CHECKS = sorted(
    {check for _, check, _ in LINES} | {check for _, _, check in PARTS} | BESIDE, key=lambda check: check.__name__
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Run the proxies and what stands behind them once for all."""
    with lab(tmp_path_factory.mktemp("lab")) as made:
        yield made


def mutants() -> list[Any]:
    """Return each line, "" or a part of it, and the check that has to fail without that."""
    found = []
    for line, (begins, check, parts) in zip(functional(WHOLE), LINES, strict=False):
        missing = [("", check), *((part, check) for part in parts)]
        missing += [(part, other) for name, part, other in PARTS if name == begins]
        for part, other in missing:
            name = f"{line.first + 1}: {begins}{' less ' if part else ''}{part}"
            found.append(pytest.param(line, part, other, id=name))
    return found


def test_every_line_has_its_check() -> None:
    lines = list(functional(WHOLE))
    for number, line in enumerate(lines):
        known = LINES[number][0] if number < len(LINES) else "the end"
        assert line.text.startswith(known), f"line {line.first + 1}, `{line.text}`, where the table has `{known}`"
    assert len(lines) == len(LINES)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_whole_file_holds(shared: Lab, check: Check) -> None:
    shared.caddyfile = WHOLE
    check(shared)


@pytest.mark.full
@pytest.mark.parametrize(("line", "part", "check"), mutants())
def test_nothing_can_be_taken_out(shared: Lab, line: Line, part: str, check: Check) -> None:
    shared.caddyfile = line.without(WHOLE, part)
    with pytest.raises(AssertionError):
        check(shared)
