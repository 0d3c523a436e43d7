"""How bundled models are made; needs torch, which nothing at run time does."""
