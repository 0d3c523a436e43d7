"""Judging: tasks, runs, metrics and reports."""
