"""Where Envoy gets referenced resources: all of them over the one ADS stream."""

from __future__ import annotations

from envoy.config.core.v3 import config_source_pb2


def ads() -> config_source_pb2.ConfigSource:
    """Return the ADS config source.

    ``initial_fetch_timeout`` 0 means no limit: Envoy waits for the resource instead of continuing
    without it, which would fail requests.
    """
    source = config_source_pb2.ConfigSource(resource_api_version=config_source_pb2.V3)
    source.ads.SetInParent()
    source.initial_fetch_timeout.SetInParent()
    return source
