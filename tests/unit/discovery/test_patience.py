import asyncio
import weakref
from contextlib import closing

import pytest

from straightway.discovery.patience import Patience
from tests.support import virtual_time


async def wait(patience: Patience, seconds: float) -> None:
    """Wait for something that is under way for so long."""
    patience.since = asyncio.get_running_loop().time()
    await asyncio.sleep(seconds)
    patience.since = None


@pytest.mark.parametrize("before", [0.0, 6.0, 10.0, 12.0])
def test_what_takes_too_long_is_given_up_after_the_full_time(before: float):
    times: list[float] = []

    async def main() -> None:
        async with asyncio.timeout(None) as limit:
            with closing(Patience(10.0, limit)) as patience:
                await wait(patience, 6)
                await asyncio.sleep(before)
                try:
                    await wait(patience, 60)
                finally:
                    times.append(asyncio.get_running_loop().time())

    with pytest.raises(TimeoutError):
        virtual_time.run(main())
    assert times == [pytest.approx(6 + before + 10)]


def test_many_short_waits_may_take_long_together():
    async def main() -> None:
        async with asyncio.timeout(None) as limit:
            with closing(Patience(10.0, limit)) as patience:
                for _ in range(20):
                    await wait(patience, 9)

    virtual_time.run(main())


def test_doing_nothing_takes_no_patience():
    async def main() -> None:
        async with asyncio.timeout(None) as limit:
            with closing(Patience(10.0, limit)) as patience:
                await wait(patience, 1)
                await asyncio.sleep(100)

    virtual_time.run(main())


def test_what_takes_too_long_is_given_up_however_late_it_begins():
    async def main() -> None:
        async with asyncio.timeout(None) as limit:
            with closing(Patience(10.0, limit)) as patience:
                await asyncio.sleep(100)
                await wait(patience, 60)

    with pytest.raises(TimeoutError):
        virtual_time.run(main())


def test_the_timer_ends_with_its_owner():
    async def main() -> None:
        async with asyncio.timeout(None) as limit:
            patience = Patience(10.0, limit)
            gone = weakref.ref(patience)
            with closing(patience):
                await wait(patience, 1)
        del patience
        assert gone() is None

    virtual_time.run(main())
