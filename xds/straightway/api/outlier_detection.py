"""outlierDetection: failing endpoints are ejected for a while."""

from __future__ import annotations

from typing import Annotated

from straightway.api.durations import PositiveDuration
from straightway.api.model import Model, Untranslated
from straightway.api.values import Bool, Count, Percent


class OutlierDetection(Model):
    """When an endpoint is ejected, and for how long. None: Envoy's default; 0 errors: never."""

    consecutive_5xx_errors: Count | None = None
    """Responses of 5xx in a row that eject an endpoint; 0: never."""
    consecutive_gateway_errors: Count | None = None
    """Responses of 502, 503 or 504 in a row that eject an endpoint; 0: never."""
    consecutive_local_origin_failures: Count | None = None
    """Failed connections in a row that eject an endpoint; needs splitExternalLocalOriginErrors."""
    split_external_local_origin_errors: Bool = False
    """Whether failed connections are counted apart from responses of 5xx."""
    interval: PositiveDuration | None = None
    """How often endpoints are examined; 10s without it."""
    base_ejection_time: PositiveDuration | None = None
    """How long an endpoint is ejected the first time; 30s without it."""
    max_ejection_percent: Percent | None = None
    """The most endpoints that are ejected at a time, in percent; 10 without it."""
    min_health_percent: Percent | None = None
    """If fewer endpoints are healthy, in percent, all are used."""
    consecutive_errors: Annotated[
        None, Untranslated("it is deprecated; use consecutive5xxErrors")
    ] = None
