"""What may happen on the way to an API server and back, as one error with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp

from straightway.kubernetes.errors import UnreachableError
from straightway.kubernetes.framing import TooLongError
from straightway.system_errors import reason_of


@contextmanager
def told() -> Iterator[None]:
    """Turn whatever sending and reading may raise into UnreachableError."""
    try:
        yield
    except TimeoutError as error:
        raise UnreachableError(str(error) or "no answer in time") from error
    except aiohttp.ClientConnectorCertificateError as error:
        raise UnreachableError(_why_not_verified(error)) from error
    except aiohttp.ClientConnectorError as error:
        why = reason_of(error.os_error)
        raise UnreachableError(f"cannot connect to {error.host}:{error.port}: {why}") from error
    except (aiohttp.ClientError, OSError, TooLongError) as error:
        raise UnreachableError(str(error) or type(error).__name__) from error


def _why_not_verified(error: aiohttp.ClientConnectorCertificateError) -> str:
    cause = error.certificate_error
    why = getattr(cause, "verify_message", "") or str(cause)
    return (
        f"the certificate of {error.host}:{error.port} cannot be verified: {why}. Check the server "
        "and its certificate-authority in the kubeconfig"
    )
