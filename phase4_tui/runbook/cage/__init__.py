"""What holds a step while it runs: the launcher, what it puts up in the kernel, and the probe that tries it."""
