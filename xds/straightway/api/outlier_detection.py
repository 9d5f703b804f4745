"""outlierDetection: failing endpoints are ejected for a while."""

from __future__ import annotations

from typing import Annotated

from straightway.api.model import Model, Untranslated
from straightway.api.values import Bool, Count, Percent, PositiveDuration


class OutlierDetection(Model):
    """When an endpoint is ejected, and for how long. None: Envoy's default; 0 errors: never."""

    consecutive_5xx_errors: Count | None = None
    consecutive_gateway_errors: Count | None = None
    consecutive_local_origin_failures: Count | None = None
    split_external_local_origin_errors: Bool = False
    interval: PositiveDuration | None = None
    base_ejection_time: PositiveDuration | None = None
    max_ejection_percent: Percent | None = None
    min_health_percent: Percent | None = None
    consecutive_errors: Annotated[
        None, Untranslated("it is deprecated; use consecutive5xxErrors")
    ] = None
