"""A worker kills itself in the middle of a job, with nothing enqueued after it: the job is done within its lease."""

import signal

import pytest

from actors.adapters.queue import LEASE_SECONDS
from tests.faults.conditions import all_is_well
from tests.flows.stack import Stack
from tests.flows.test_journey import upload
from tests.images import photograph


@pytest.mark.parametrize("point", ["job:begun", pytest.param("job:done", marks=pytest.mark.slow)])
async def test_a_job_whose_worker_died_is_done_by_another_within_its_lease(stack: Stack, point: str) -> None:
    served = await stack.serve()
    (author,) = await stack.people(1)  # who is sent no letter: the photograph is the first job
    doomed = stack.worker(fault=point)
    upload_id = await upload(stack, served, author, photograph(320, 240))
    post = (await stack.ok(served, "POST", "/v1/posts", author, json={"upload_id": upload_id}))["id"]
    assert await doomed.ended(30) == -signal.SIGKILL
    is_ready = await stack.value("SELECT state = 'ready' FROM photos")
    assert is_ready is (point == "job:done"), "it died before, or after, its transaction"

    stack.worker()
    await stack.becomes(1, "SELECT count(*) FROM photos WHERE state = 'ready'", seconds=LEASE_SECONDS + 10)
    await all_is_well(stack)
    ready = await stack.value("SELECT count(*) FROM outbox WHERE type = 'PhotoReady'")
    assert ready == 1, "it took effect once"
    shown = await stack.ok(served, "GET", f"/v1/posts/{post}")
    assert shown["post"]["photo"]["state"] == "ready"
