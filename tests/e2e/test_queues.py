"""The recipes of docs/queues.md, under load, while releases are replaced: no job is lost."""

import os
import re
import signal

import pytest

from tests.e2e import queues
from tests.e2e.load import under_load
from tests.e2e.production import PROD, after, change, deployed, live
from tests.e2e.support import commit, containers, run
from tests.e2e.talk import ask, done, token
from tests.support import Checkout, wait_for

pytestmark = pytest.mark.minutes(3)
TWICE = "SELECT count(*) FROM (SELECT FROM noted GROUP BY job, what HAVING count(*) > 1) AS twice"
FIRST = ("--bake", "0", "--scale", "worker=2")


def workers() -> list[str]:
    """Return the names of the workers that run."""
    listed = run("docker", "ps", "--format", "{{.Names}}", "--filter", f"name={PROD}-2").split()
    return sorted(name for name in listed if "-worker-" in name)


@pytest.mark.full  # jobs that a table has are not lost in the other run as well
def test_each_job_is_done_once_while_workers_take_turns(docker: Checkout) -> None:
    queues.add(docker, "procrastinate")
    image = deployed(docker, *FIRST)
    with under_load(docker.url, token(docker.url), 20, path="/reports") as load:
        change(docker, 1)
        deployed(docker, "--bake", "1")
        done(docker, "rollback", "--to", image)
        assert live() == image
        after(load, 20)
    assert load.failed == [], load.failed[:5]
    queues.all_are_done(docker, load.stored)
    assert queues.count(docker, TWICE) == 0  # none was cut off
    assert queues.count(docker, "SELECT count(DISTINCT by) FROM noted") > 2  # those of both releases


# Shorter than a job takes here: how long a worker waits for it, and after what time others get what one left that died.
SHORT = {
    "procrastinate": [
        ("pyproject.toml", "--shutdown-graceful-timeout 20", "--shutdown-graceful-timeout 1"),
        ("app/jobs.py", 'cron="*/10 * * * *"', 'cron="* * * * * */5"'),
    ],
    "arq": [
        ("app/jobs.py", "job_completion_wait = 20", "job_completion_wait = 1"),
        ("app/jobs.py", "job_timeout = 60", "job_timeout = 10"),
    ],
    "celery": [("pyproject.toml", "stop-timeout = 60", "stop-timeout = 1")],
}


@pytest.mark.full
@pytest.mark.parametrize("name", SHORT)
def test_what_is_cut_off_is_done_again(docker: Checkout, name: str) -> None:
    queues.add(docker, name)
    for file, long, short in [*SHORT[name], ("app/noted.py", "SECONDS = 0.3", "SECONDS = 5")]:
        docker.edit(file, long, short)
    commit(docker, "Wait for nothing")
    deployed(docker, *FIRST)
    cut = (
        "SELECT count(*) FROM noted AS begun WHERE what = 'begun' AND by = '{}' AND NOT EXISTS"
        " (SELECT FROM noted AS ended WHERE what = 'ended' AND ended.job = begun.job AND ended.by = begun.by)"
    )
    with under_load(docker.url, token(docker.url), 2, path="/reports") as load:
        wait_for(lambda: queues.count(docker, "SELECT count(*) FROM noted WHERE what = 'ended'") > 5)
        old = [run("docker", "inspect", "--format", "{{.Config.Hostname}}", each) for each in workers()]
        change(docker, 1)
        deployed(docker, "--bake", "0")
        form = "{{.Config.Hostname}} {{.State.Pid}}"
        host, pid = run("docker", "inspect", "--format", form, workers()[0]).split()
        wait_for(lambda: queues.count(docker, cut.format(host)) > 1)
        os.kill(int(pid), signal.SIGKILL)  # as one whose memory is too little ends
    assert load.failed == [], load.failed[:5]
    assert sum(queues.count(docker, cut.format(each)) for each in old) > 0
    assert queues.count(docker, cut.format(host)) > 0
    queues.all_are_done(docker, load.stored)
    if name == "procrastinate":  # four workers of two releases have deferred each periodic task once
        each = [one for one in containers() if "-worker-" in one]
        told = "".join(run("sh", "-c", 'docker logs "$0" 2>&1', one) for one in each)
        times = re.findall(r"Periodic job give_back\S+ deferred for timestamp (\d+)", told)
        assert len(times) > 5
        assert len(times) == len(set(times))


ENQUEUE = {
    "procrastinate": "from app.jobs import queue as q; q.open().configure_task('{0}').defer(user_id=1)",
    "arq": "import asyncio; from app.jobs import queue as q; asyncio.run(q.enqueue_job('{0}', 1))",
    "celery": "from app.jobs import queue as q; q.send_task('{0}', args=[1])",
}
UNKNOWN = {
    "procrastinate": "Task was not found",
    "arq": "function 'archive_report' not found",
    "celery": "Received unregistered task of type 'archive_report'",
}


@pytest.mark.full
@pytest.mark.parametrize("name", ENQUEUE)
def test_a_new_kind_of_job_is_known_before_it_is_enqueued(docker: Checkout, name: str) -> None:
    queues.add(docker, name)
    deployed(docker, *FIRST)
    run("docker", "exec", workers()[0], "python", "-c", ENQUEUE[name].format("archive_report"))
    said = ["sh", "-c", 'for each; do docker logs "$each" 2>&1; done', "sh", *workers()]
    wait_for(lambda: UNKNOWN[name] in run(*said))
    run("docker", "exec", workers()[0], "python", "-c", ENQUEUE[name].format("write_report"))
    wait_for(lambda: queues.count(docker, "SELECT count(*) FROM noted WHERE what = 'ended'") == 1)  # they go on
    if name == "procrastinate":
        failed = "SELECT id FROM procrastinate_jobs WHERE task_name = 'archive_report' AND status = 'failed'"
        job = ask(docker, failed, "--prod")

    jobs = (docker.root / "app/jobs.py").read_text()
    found = re.search(r"(?ms)^(@queue\.task\(name=.write_report|async def write_report).*?(?=\n\n\n)", jobs)
    assert found
    new = found[0].replace("write_report", "archive_report")
    jobs = jobs.replace(found[0], f"{found[0]}\n\n\n{new}").replace("(write_report,)", "(write_report, archive_report)")
    docker.write("app/jobs.py", jobs)
    commit(docker, "Know how to archive")
    known = deployed(docker, "--bake", "0")
    if name == "procrastinate":
        retry = f"SELECT procrastinate_retry_job_v2({job}, now(), NULL, NULL, NULL)"
        ask(docker, retry, "--prod")
        again = f"SELECT count(*) FROM noted WHERE job = '{job}' AND what = 'ended'"
        wait_for(lambda: queues.count(docker, again) == 1)

    before = queues.count(docker, "SELECT count(DISTINCT job) FROM noted")
    with under_load(docker.url, token(docker.url), 20, path="/reports") as load:
        docker.edit("app/reports.py", "write_report", "archive_report")
        commit(docker, "Archive")
        deployed(docker, "--bake", "1")
        done(docker, "rollback", "--to", known)
        after(load, 20)
    assert load.failed == [], load.failed[:5]
    queues.all_are_done(docker, load.stored)
    assert queues.count(docker, "SELECT count(DISTINCT job) FROM noted") == before + len(load.stored)
    assert queues.count(docker, TWICE) == 0  # none was cut off
    assert not any(UNKNOWN[name] in run("docker", "logs", each) for each in workers())
