"""Offline: config looked at without a running server, for ``validate`` and ``translate``."""
