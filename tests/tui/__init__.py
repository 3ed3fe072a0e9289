"""Tests of the dashboard: a user at the keyboard, over real files."""
