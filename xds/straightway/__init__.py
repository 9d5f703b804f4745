"""Straightway: an xDS control plane that sends each request straight to its model.

The data flow, which is also the reading order:

``sources`` → ``documents`` → ``api`` → ``intake`` → ``catalog`` → ``units`` → ``routing`` →
``translate`` → ``snapshots`` → ``control`` → ``discovery`` → Envoy.
"""

__version__ = "0.1.0"
