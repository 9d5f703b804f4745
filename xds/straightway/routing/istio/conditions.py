"""Conditions for a retry, as Istio writes them."""

from __future__ import annotations


def retry_conditions(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return Envoy's conditions and the status codes of ``retryOn``, each once.

    Istio accepts status codes among the conditions; for proxies they are a separate setting.
    """
    written = [part.strip() for part in text.split(",")]
    conditions = tuple(dict.fromkeys(part for part in written if part and not part.isdecimal()))
    return conditions, tuple(int(part) for part in written if part.isdecimal())
