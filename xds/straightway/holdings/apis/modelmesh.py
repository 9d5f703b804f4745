"""ModelMesh: its registry in etcd, one for all runtimes of a service.

Below ``ROOT/mm/SERVICE`` there are two tables. ``registry`` has a JSON object for each model with
the instances that have it, from the start of its loading, or failed to load it. ``vmodels`` has the
names that stand for a model, by which ModelMesh Serving's clients call it. An instance is named by
the last twelve characters of its Pod's name. The registry is asked once for all runtimes; whether a
copy that is new has been loaded, its instance is asked (``getModelStatus``) until it says so.
https://github.com/kserve/modelmesh
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from straightway.holdings.answers import Answer, FailureKind, Model, ModelState, NoAnswerError
from straightway.holdings.apis.etcd import Table
from straightway.holdings.apis.http import HttpClient
from straightway.holdings.apis.replies import checked
from straightway.holdings.mesh.copies import states_of
from straightway.holdings.pools import Api, Settings, Target

_ID_LENGTH: Final = 12
_FRESH: Final = 0.5
"""The share of the interval for which the registry is not asked again."""


class _Failure(msgspec.Struct):
    msg: str = ""


class _Record(msgspec.Struct):
    """What the registry says of a model, by the ids of instances; times are in milliseconds."""

    instance_ids: dict[str, int] = msgspec.field(name="instanceIds", default={})
    failed_in: dict[str, int] = msgspec.field(name="failedIn", default={})
    failures: dict[str, _Failure] = msgspec.field(name="fails", default={})


class _VirtualModel(msgspec.Struct):
    """For which model a name stands now."""

    active: str = msgspec.field(name="amid", default="")


class Copy(NamedTuple):
    """A model on an instance: when its loading began; or when it failed, and why."""

    model: str
    since: int
    failure: str = ""


_RECORDS: Final = msgspec.json.Decoder(_Record)
_VIRTUAL_MODELS: Final = msgspec.json.Decoder(_VirtualModel)


class Registry:
    """A service's registry, as it was a moment ago."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        # Keys may begin with a slash, and then the path with two.
        root = parts.path[1:].rstrip("/")
        self._server = f"{parts.scheme}://{parts.netloc}"
        self._models = Table(f"{root}/registry/", _RECORDS.decode)
        self._names = Table(f"{root}/vmodels/", _VIRTUAL_MODELS.decode)
        self._copies: dict[str, dict[str, Copy]] = {}
        self._asking = asyncio.Lock()
        self._until = 0.0
        self._failure: NoAnswerError | None = None

    async def copies(
        self, http: HttpClient, settings: Settings, instance: str
    ) -> Mapping[str, Copy]:
        """Return the copies that an instance has, by the names of the models.

        Raises NoAnswerError: if etcd gives no usable answer.
        """
        async with self._asking:
            if asyncio.get_running_loop().time() >= self._until:
                await self._ask(http, settings)
            if self._failure is not None:
                raise NoAnswerError(self._failure.kind, str(self._failure))
        return self._copies.get(instance, {})

    async def _ask(self, http: HttpClient, settings: Settings) -> None:
        self._failure = None
        try:
            has_changed = await self._models.poll(http, self._server, settings)
            has_changed |= await self._names.poll(http, self._server, settings)
        except NoAnswerError as error:
            self._failure = error
        else:
            if has_changed:
                self._copies = self._by_instance()
        self._until = asyncio.get_running_loop().time() + _FRESH * settings.interval

    def _by_instance(self) -> dict[str, dict[str, Copy]]:
        names = defaultdict[str, list[str]](list)
        for name, virtual in self._names.entries.items():
            names[virtual.active].append(name)
        copies = defaultdict[str, dict[str, Copy]](dict)
        for model, record in self._models.entries.items():
            for instance, copy in _copies_of(model, record).items():
                copies[instance].update((name, copy) for name in (model, *names[model]))
        return dict(copies)


class ModelMesh:
    """Asks the registry about a ModelMesh instance."""

    api = Api.MODELMESH

    def __init__(self) -> None:
        self._registry: Registry | None = None
        self._loaded: frozenset[Copy] = frozenset()

    async def ask(self, http: HttpClient, target: Target, settings: Settings) -> Answer:
        """Return what the registry says. Raises NoAnswerError: if it gives no usable answer."""
        if not target.pod or not settings.etcd:
            what = "its Pod's name" if settings.etcd else "etcd"
            why = f"{target.address}: without {what}, ModelMesh's registry says nothing about it"
            raise NoAnswerError(FailureKind.WRONG_API, why)
        registry = self._registry = _registry(http, settings)
        instance = target.pod[-_ID_LENGTH:]
        copies = await registry.copies(http, settings, instance)
        states = await self._states(frozenset(copies.values()), target, instance, settings)
        models = (_model(name, copy, states[copy]) for name, copy in copies.items())
        return Answer(checked(models, f"the registry {settings.etcd}"))

    async def _states(
        self, copies: frozenset[Copy], target: Target, instance: str, settings: Settings
    ) -> Mapping[Copy, ModelState]:
        """Return the states of copies; of one that was loaded the registry tells the end."""
        self._loaded &= copies
        unsure = {copy.model: copy for copy in copies - self._loaded if not copy.failure}
        states = dict.fromkeys(copies, ModelState.LOADING)
        if unsure:
            told = await states_of(sorted(unsure), target, instance, settings)
            states |= {unsure[model]: state for model, state in told.items()}
            self._loaded |= {
                unsure[model] for model, state in told.items() if state is ModelState.READY
            }
        return states | dict.fromkeys(self._loaded, ModelState.READY)


def _registry(http: HttpClient, settings: Settings) -> Registry:
    """Return the registry that others with the same credentials use, too."""
    key = settings.etcd, settings.access
    registry = http.shared.get(key)
    if not isinstance(registry, Registry):
        registry = http.shared[key] = Registry(settings.etcd)
    return registry


def _copies_of(model: str, record: _Record) -> dict[str, Copy]:
    copies = {}
    for instance, since in record.failed_in.items():
        failure = record.failures.get(instance)
        words = (failure.msg if failure is not None else "") or "loading failed"
        copies[instance] = Copy(model, since, words)
    return copies | {
        instance: Copy(model, since) for instance, since in record.instance_ids.items()
    }


def _model(name: str, copy: Copy, state: ModelState) -> Model:
    if copy.failure:
        return Model(name, ModelState.UNAVAILABLE, reason=copy.failure)
    reason = "loading failed" if state is ModelState.UNAVAILABLE else ""
    return Model(name, state, reason=reason)
