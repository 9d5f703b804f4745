"""Where Envoy gets the resources that others name: all of them over the one ADS stream."""

from __future__ import annotations

from envoy.config.core.v3 import config_source_pb2


def ads() -> config_source_pb2.ConfigSource:
    """Return the ADS config source.

    ``initial_fetch_timeout`` 0 is no limit: Envoy waits for the resource instead of going on
    without it, which would mean failing requests.
    """
    source = config_source_pb2.ConfigSource(resource_api_version=config_source_pb2.V3)
    source.ads.SetInParent()
    source.initial_fetch_timeout.SetInParent()
    return source
