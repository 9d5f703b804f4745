"""The APIs by which runtimes tell what they hold: one module for each.

Each has a class that asks one runtime (:class:`Asker`). They share ``http``, which sends requests,
and ``replies``, which bounds what a runtime may cost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from straightway.holdings.apis.asker import Asker
from straightway.holdings.apis.auto import Auto
from straightway.holdings.apis.http import HttpClient
from straightway.holdings.apis.kserve import KServe
from straightway.holdings.apis.mlserver import MLServer
from straightway.holdings.apis.modelmesh import ModelMesh
from straightway.holdings.apis.openai import OpenAI
from straightway.holdings.apis.torchserve import TorchServe
from straightway.holdings.apis.triton import Triton
from straightway.holdings.pools import Api

__all__ = ["ASKERS", "Asker", "HttpClient"]

ASKERS: Final[Mapping[Api, Callable[[], Asker]]] = MappingProxyType(
    {
        Api.TRITON: Triton,
        Api.MLSERVER: MLServer,
        Api.KSERVE: KServe,
        Api.OPENAI: OpenAI,
        Api.TORCHSERVE: TorchServe,
        Api.MODELMESH: ModelMesh,
        Api.AUTO: lambda: Auto(ASKERS),
    }
)
"""What makes the asker of one runtime: ``ASKERS[api]()``, then ``ask(http, target, settings)``."""
