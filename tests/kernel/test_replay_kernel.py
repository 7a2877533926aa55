"""The kernel of a replay, as the store meets it."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import nbtrack
from nbtrack.replay.engine.kernel import ReplayKernel

_MERGING = """
import threading, time
from pathlib import Path
from nbtrack.store.store import open_store

def merge():
    with open_store(Path({root!r})).lock.exclusive(5) as held:
        held and Path({begun!r}).touch()
        time.sleep(2)
        Path({done!r}).touch()

threading.Thread(target=merge, daemon=True).start()
while not Path({begun!r}).exists():
    time.sleep(0.01)
"""


def test_a_kernel_is_not_killed_while_it_writes_the_database(tmp_path: Path, store_root: Path) -> None:
    with nbtrack.start_run():
        nbtrack.log_metric("loss", 1.0)
    begun, done = tmp_path / "begun", tmp_path / "done"
    code = _MERGING.format(root=str(store_root), begun=str(begun), done=str(done))

    async def play() -> None:
        deadline_s = time.monotonic() + 120
        async with ReplayKernel(tmp_path, tmp_path, {}, deadline_s, threading.Event(), store_root) as kernel:
            await kernel.run(code, lambda: None)

    asyncio.run(play())
    assert begun.exists()
    assert done.exists(), "it was killed in the middle"
