import asyncio
import weakref
from contextlib import closing

import pytest

from straightway.discovery.patience import Patience
from tests.support import virtual_time


def test_what_takes_too_long_is_given_up_after_the_full_time():
    times: list[float] = []

    async def main() -> None:
        async with asyncio.timeout(None) as limit:
            with closing(Patience(10.0, limit)) as patience:
                with patience:
                    await asyncio.sleep(6)
                await asyncio.sleep(1)  # The timer of the first runs on meanwhile.
                try:
                    with patience:
                        await asyncio.sleep(60)
                finally:
                    times.append(asyncio.get_running_loop().time())

    with pytest.raises(TimeoutError):
        virtual_time.run(main())
    assert times == [pytest.approx(6 + 1 + 10)]


def test_many_short_waits_may_take_long_together():
    async def main() -> None:
        async with asyncio.timeout(None) as limit:
            with closing(Patience(10.0, limit)) as patience:
                for _ in range(20):
                    with patience:
                        await asyncio.sleep(9)

    virtual_time.run(main())


def test_doing_nothing_takes_no_patience():
    async def main() -> None:
        async with asyncio.timeout(None) as limit:
            with closing(Patience(10.0, limit)) as patience:
                with patience:
                    await asyncio.sleep(1)
                await asyncio.sleep(100)

    virtual_time.run(main())


def test_the_timer_ends_with_its_owner():
    async def main() -> None:
        async with asyncio.timeout(None) as limit:
            patience = Patience(10.0, limit)
            gone = weakref.ref(patience)
            with closing(patience), patience:
                await asyncio.sleep(1)
        del patience
        assert gone() is None

    virtual_time.run(main())
