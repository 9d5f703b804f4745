"""Models in memory: loaded before told, told before dropped, least recently used first."""

import asyncio

import pytest

from demo.models import UnknownModelError
from demo.shelf import Shelf
from tests.support.waiting import eventually_async

NEVER = 3600.0


class Told(list[tuple[str, ...]]):
    """What others were told, in order."""

    def __call__(self, names):
        self.append(tuple(names))


@pytest.fixture
def told():
    return Told()


async def test_a_model_is_reported_once_it_is_loaded(models, told):
    shelf = Shelf(models, 2, NEVER, lambda names: told.append((names, shelf.held)))
    await shelf.load("tf-mnist")
    assert told == [(("tf-mnist",), ("tf-mnist",))]


async def test_the_least_recently_used_is_withdrawn_when_there_is_no_room(models, told):
    shelf = Shelf(models, 2, NEVER, told)
    for name in ("tf-mnist", "knn-mnist"):
        await shelf.load(name)
    assert shelf.take("tf-mnist") is not None
    await shelf.load("bayes-mnist")
    assert shelf.published == ("tf-mnist", "bayes-mnist")
    assert told[-1] == ("tf-mnist", "bayes-mnist")


async def test_a_withdrawn_model_is_served_until_its_drain_time_is_over(models, told):
    shelf = Shelf(models, 2, NEVER, told)
    await shelf.load("tf-mnist")
    unloading = asyncio.create_task(shelf.unload("tf-mnist"))
    await eventually_async(lambda: told[-1] == (), what="the model is withdrawn")
    assert shelf.take("tf-mnist") is not None
    assert not unloading.done()
    unloading.cancel()


async def test_an_unloaded_model_is_gone(models, told):
    shelf = Shelf(models, 2, 0, told)
    await shelf.load("tf-mnist")
    await shelf.unload("tf-mnist")
    assert (shelf.held, shelf.published, told[-1]) == ((), (), ())
    assert shelf.take("tf-mnist") is None


async def test_a_model_that_is_loaded_again_while_it_drains_is_kept(models, told):
    shelf = Shelf(models, 2, NEVER, told)
    first = await shelf.load("tf-mnist")
    unloading = asyncio.create_task(shelf.unload("tf-mnist"))
    await eventually_async(lambda: told[-1] == (), what="the model is withdrawn")
    assert await shelf.load("tf-mnist") is first
    await unloading
    assert shelf.published == ("tf-mnist",)
    assert told == [("tf-mnist",), (), ("tf-mnist",)]


async def test_many_who_ask_for_one_model_at_once_share_one_load(models, told):
    shelf = Shelf(models, 2, NEVER, told)
    loaded = await asyncio.gather(*(shelf.load("tf-mnist") for _ in range(5)))
    assert len({id(classifier) for classifier in loaded}) == 1
    assert told == [("tf-mnist",)]


async def test_there_is_never_more_published_than_there_is_room(models, told):
    shelf = Shelf(models, 5, NEVER, told)
    names = ("bayes-mnist", "knn-mnist", "linear-mnist", "sklearn-mnist", "tf-mnist", "trees-mnist")
    for name in names:
        await shelf.load(name)
    assert told[-2:] == [names[:5], names[1:]]


async def test_an_unknown_model_displaces_nothing(models, told):
    shelf = Shelf(models, 1, NEVER, told)
    await shelf.load("tf-mnist")
    with pytest.raises(UnknownModelError):
        await shelf.load("nobody")
    assert shelf.published == ("tf-mnist",)


async def test_unloading_what_is_not_held_changes_nothing(models, told):
    await Shelf(models, 1, NEVER, told).unload("tf-mnist")
    assert told == []
