"""Tests of the rollback procedure."""
