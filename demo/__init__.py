"""The tutorial on one machine: a model mesh of real runtimes behind a real Envoy.

``python -m demo`` runs the scenario; ``python -m demo.runtime`` runs one runtime.
"""
