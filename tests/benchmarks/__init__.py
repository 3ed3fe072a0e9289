"""Speed and memory, as ratios measured in one run; nothing here is a timed test."""
