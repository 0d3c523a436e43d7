"""From difficulty, budget and measured costs to a plan, and the pace while it runs. No engine, no text, no clock."""
