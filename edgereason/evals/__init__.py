"""Judging: tasks, runs, recordings and reports."""
