"""Tests of what a monitor is told."""
