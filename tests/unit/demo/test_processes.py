"""Child processes: their end is noticed, and none is left behind."""

import asyncio
import os
import sys

import pytest

from demo.processes import DemoError, Processes, ProcessFailedError

READY = "import signal, sys; print('pid', __import__('os').getpid(), flush=True); "
WAITS = READY + "signal.pause()"
STUBBORN = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY + "\n"
    "while True: signal.pause()"
)


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def started(processes, name, program):
    """Start a Python program and return its process id once it has printed it."""
    await processes.start(name, sys.executable, "-c", program)
    log = processes.logs / f"{name}.log"
    await processes.until(lambda: "pid" in log.read_text(), f"{name} starts", name)
    return int(log.read_text().split()[1])


async def test_all_processes_are_stopped_at_the_end(tmp_path):
    async with Processes(tmp_path) as processes:
        pids = [await started(processes, name, WAITS) for name in ("a", "b")]
        assert all(map(is_running, pids))
    assert not any(map(is_running, pids))


async def test_all_processes_are_stopped_when_the_block_is_cancelled(tmp_path):
    pids = []

    async def block():
        async with Processes(tmp_path) as processes:
            pids.append(await started(processes, "a", WAITS))
            await asyncio.Event().wait()

    async with asyncio.timeout(30):
        task = asyncio.create_task(block())
        while not pids:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not is_running(pids[0])


async def test_a_process_that_does_not_stop_is_killed(tmp_path):
    async with Processes(tmp_path, grace_seconds=0.05) as processes:
        pid = await started(processes, "stubborn", STUBBORN)
    assert not is_running(pid)


async def test_a_process_that_ends_on_its_own_ends_the_block_with_its_last_words(tmp_path):
    pids = []

    async def block():
        async with Processes(tmp_path) as processes:
            pids.append(await started(processes, "bystander", WAITS))
            await processes.start("broken", sys.executable, "-c", "exit('no port')")
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as caught:
        await block()
    [error] = caught.value.exceptions
    assert isinstance(error, ProcessFailedError)
    assert "broken exited with code 1" in str(error)
    assert "no port" in str(error)
    assert str(tmp_path / "broken.log") in str(error)
    assert not is_running(pids[0])


async def test_what_does_not_come_to_hold_is_reported_with_the_log_that_matters(tmp_path):
    async def block():
        async with Processes(tmp_path) as processes:
            await started(processes, "slow", WAITS)
            await processes.until(lambda: False, "a miracle", "slow", seconds=0.01)

    with pytest.raises(ExceptionGroup) as caught:
        await block()
    [error] = caught.value.exceptions
    assert isinstance(error, DemoError)
    assert "a miracle: timed out after 0.01 s" in str(error)
    assert "pid" in str(error)


async def test_a_command_gives_its_output_or_its_complaint(tmp_path):
    processes = Processes(tmp_path)
    assert await processes.output(sys.executable, "-c", "print('hello')") == b"hello\n"
    with pytest.raises(ProcessFailedError, match="not today"):
        await processes.output(sys.executable, "-c", "exit('not today')")
