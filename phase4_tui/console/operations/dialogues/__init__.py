"""The dialogues: what each operation asks, in which order, and the plan it then offers, once for every face."""
