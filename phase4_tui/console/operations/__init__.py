"""What an operator may do: the registry, its defaults, the queue and the runs."""
