"""Spikes tried out over what was posted: how soon they tell, and how often for nothing."""
