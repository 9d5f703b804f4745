"""Admission webhooks: what Kubernetes' API server asks before it stores an object.

``admission`` is the protocol, ``server`` the HTTPS server. ``validation`` answers with what
``straightway validate`` would say, with ``between`` for what is wrong between objects;
``injection`` adds a sidecar to Pods. ``ca_bundles`` tells the API server whose certificate is ours.
Answers depend on what is asked and on what is in force, and change nothing.
"""

from straightway.webhooks.admission import Answer, Request
from straightway.webhooks.between import Advise, advice
from straightway.webhooks.ca_bundles import CaBundles, Names
from straightway.webhooks.injection import Injector
from straightway.webhooks.running import WebhookOptions, run_webhooks
from straightway.webhooks.server import Limits, serve_webhooks
from straightway.webhooks.sidecar import SidecarSettings, sidecar_settings
from straightway.webhooks.validation import Validator

__all__ = [
    "Advise",
    "Answer",
    "CaBundles",
    "Injector",
    "Limits",
    "Names",
    "Request",
    "SidecarSettings",
    "Validator",
    "WebhookOptions",
    "advice",
    "run_webhooks",
    "serve_webhooks",
    "sidecar_settings",
]
