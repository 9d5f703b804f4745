"""The APIs by which runtimes tell what they hold: one module for each."""
