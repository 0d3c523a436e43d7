"""Profiles as data: `budgets/` what to spend on a question, `devices/` and `accuracy/` what was measured."""
