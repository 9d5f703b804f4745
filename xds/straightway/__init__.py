"""Straightway: an xDS control plane that sends each request straight to its model.

The way of the data, which is also the order of reading:
``sources`` → ``documents`` → ``api`` → ``catalog`` → ``audience`` → ``translate`` → ``snapshot``
→ ``discovery`` → Envoy.
"""

__version__ = "0.1.0"
