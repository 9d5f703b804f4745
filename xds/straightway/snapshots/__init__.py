"""Snapshots: everything that one audience is sent, encoded."""
