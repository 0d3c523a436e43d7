"""Device profiles made from figures that others published; not installed."""
