"""Writes the files of the chart ``straightway-gateway`` that Envoy reads: ``make charts``.

They are what ``straightway bootstrap`` makes for a Pod of the chart, with placeholders for what
differs between releases. ``templates/_helpers.tpl`` replaces these.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import yaml

from straightway.proxies.addresses import Address
from straightway.proxies.bootstrap import Node, make_bootstrap, to_dict
from straightway.proxies.kubelet import KubeletListeners
from straightway.proxies.xds_tls import XdsTls, secret_files

FOLDER = Path(__file__).parent / "charts" / "straightway-gateway" / "files"

# Placeholders, which occur nowhere else. RFC 2606 keeps `invalid` for such names.
NODE = Node("router~0.0.0.0~gateway.placeholder~placeholder.svc.cluster.local")
XDS = Address("control-plane.invalid", 65535)
DRAIN_SECONDS = 3599

# What all releases have.
ADMIN = Address("127.0.0.1", 15000)
TLS = XdsTls(
    authorities=PurePosixPath("/var/run/secrets/straightway-ca/ca.crt"),
    token=PurePosixPath("/var/run/secrets/straightway/token"),
    secrets=PurePosixPath("/etc/envoy"),
)
PORTS = {"readiness": 15021, "metrics": 15090, "drain": 15020}

_FIRST_LINE = "# Written by `make charts`: what straightway bootstrap prints, with placeholders.\n"


def made() -> Mapping[str, str]:
    """Return the files by name."""
    places = {name: Address("0.0.0.0", port) for name, port in PORTS.items()}  # noqa: S104
    kubelet = KubeletListeners(**places, drain_seconds=DRAIN_SECONDS)
    bootstrap = to_dict(make_bootstrap(NODE, XDS, admin=ADMIN, tls=TLS, kubelet=kubelet))
    text = _FIRST_LINE + yaml.safe_dump(bootstrap, sort_keys=False)
    return {"bootstrap.yaml": text, **secret_files(TLS)}


if __name__ == "__main__":
    for name, content in made().items():
        (FOLDER / name).write_text(content, encoding="utf-8")
