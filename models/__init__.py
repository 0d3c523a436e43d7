"""Bundled models: data only, a folder each."""
