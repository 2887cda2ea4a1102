"""Which channels hear of a finding, and what is kept back, for how long, and why."""
