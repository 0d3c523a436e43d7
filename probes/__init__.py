"""Fitted difficulty probes: data only, a folder a model."""
