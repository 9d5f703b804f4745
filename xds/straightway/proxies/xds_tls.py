"""TLS from an Envoy to its control plane: whom it trusts, and what it shows.

All of it is in files that change: projected tokens within the hour, certificates within weeks.
Envoy (1.40) reads such files again only for secrets that it gets by SDS, which may come from a file
too: so there is a small file for each (:func:`secret_files`), beside the bootstrap. The other way
to have a token read again, ``google_grpc`` with ``file_based_metadata``, keeps the authorities that
it has started with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Any, Final

import betterproto2
from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.extensions.filters.http.credential_injector import (
    v3 as credential_injector,
)
from envoy_data_plane.envoy.extensions.filters.http.upstream_codec import v3 as upstream_codec
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager import v3 as manager
from envoy_data_plane.envoy.extensions.http.injected_credentials.generic import v3 as generic
from envoy_data_plane.envoy.extensions.transport_sockets.tls import v3 as tls
from envoy_data_plane.envoy.service.discovery import v3 as discovery
from envoy_data_plane.envoy.type.matcher import v3 as matcher
from envoy_data_plane.google import protobuf

AUTHORITY: Final = "xds-authority"
TOKEN: Final = "xds-token"  # noqa: S105 (the name of a secret)
CERTIFICATE: Final = "xds-certificate"


@dataclass(frozen=True, slots=True)
class XdsTls:
    """The files of an Envoy on its own machine or in its own container; all in PEM.

    ``authorities`` are whom it trusts, ``token`` is a service account's token that it shows,
    ``certificate`` and ``key`` a client certificate. ``server_name`` is what the control plane's
    certificate must stand for, by default the host of its address. ``secrets`` is the folder of
    the :func:`secret_files`. Each file must be exchanged by renaming, as Kubernetes does: Envoy
    takes no notice of one that is written in place.
    """

    authorities: PurePosixPath
    secrets: PurePosixPath
    token: PurePosixPath | None = None
    certificate: PurePosixPath | None = None
    key: PurePosixPath | None = None
    server_name: str = ""


def secret_files(files: XdsTls) -> Mapping[str, str]:
    """Return the files, by name, in which Envoy finds its secrets: JSON for its ``secrets``."""
    return {
        f"{secret.name}.json": json.dumps(_response(secret), indent=2) + "\n"
        for secret in _secrets(files)
    }


def transport_socket(files: XdsTls, host: str) -> core.TransportSocket:
    """Return the TLS of the control plane's cluster."""
    name = files.server_name or host
    is_address = _is_address(name)
    san = tls.SubjectAltNameMatcherSanType
    expected = tls.SubjectAltNameMatcher(
        san_type=san.IP_ADDRESS if is_address else san.DNS,
        matcher=matcher.StringMatcher(exact=name),
    )
    context = tls.CommonTlsContext(
        combined_validation_context=tls.CommonTlsContextCombinedCertificateValidationContext(
            default_validation_context=tls.CertificateValidationContext(
                match_typed_subject_alt_names=[expected]
            ),
            validation_context_sds_secret_config=_from_file(files, AUTHORITY),
        ),
        tls_certificate_sds_secret_configs=(
            [_from_file(files, CERTIFICATE)] if files.certificate else []
        ),
    )
    upstream = tls.UpstreamTlsContext(
        # RFC 6066: an address is no name of a server.
        sni="" if is_address else name,
        common_tls_context=context,
    )
    return core.TransportSocket(
        name="envoy.transport_sockets.tls", typed_config=protobuf.Any.pack(upstream)
    )


def http_filters(files: XdsTls) -> list[manager.HttpFilter]:
    """Return the filters of requests to the control plane: one that adds the token."""
    if files.token is None:
        return []
    token = generic.Generic(
        credential=_from_file(files, TOKEN),
        header="authorization",
        header_value_prefix="Bearer ",
    )
    injector = credential_injector.CredentialInjector(
        overwrite=True,
        credential=core.TypedExtensionConfig(
            name="envoy.http.injected_credentials.generic", typed_config=protobuf.Any.pack(token)
        ),
    )
    return [
        manager.HttpFilter(
            name="envoy.filters.http.credential_injector", typed_config=protobuf.Any.pack(injector)
        ),
        manager.HttpFilter(
            name="envoy.filters.http.upstream_codec",
            typed_config=protobuf.Any.pack(upstream_codec.UpstreamCodec()),
        ),
    ]


def _secrets(files: XdsTls) -> Iterator[tls.Secret]:
    authorities = tls.CertificateValidationContext(
        trusted_ca=_file(files.authorities), watched_directory=_folder_of(files.authorities)
    )
    yield tls.Secret(name=AUTHORITY, validation_context=authorities)
    if files.token is not None:
        yield tls.Secret(name=TOKEN, generic_secret=tls.GenericSecret(secret=_file(files.token)))
    if files.certificate is not None and files.key is not None:
        certificate = tls.TlsCertificate(
            certificate_chain=_file(files.certificate),
            private_key=_file(files.key),
            watched_directory=_folder_of(files.certificate),
        )
        yield tls.Secret(name=CERTIFICATE, tls_certificate=certificate)


def _from_file(files: XdsTls, name: str) -> tls.SdsSecretConfig:
    source = core.PathConfigSource(
        path=str(files.secrets / f"{name}.json"),
        watched_directory=core.WatchedDirectory(path=str(files.secrets)),
    )
    config = core.ConfigSource(path_config_source=source, resource_api_version=core.ApiVersion.V3)
    return tls.SdsSecretConfig(name=name, sds_config=config)


def _file(path: PurePosixPath) -> core.DataSource:
    return core.DataSource(filename=str(path), watched_directory=_folder_of(path))


def _folder_of(path: PurePosixPath) -> core.WatchedDirectory:
    return core.WatchedDirectory(path=str(path.parent))


def _response(secret: tls.Secret) -> dict[str, Any]:
    response = discovery.DiscoveryResponse(resources=[protobuf.Any.pack(secret)])
    return response.to_dict(casing=betterproto2.Casing.SNAKE)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
