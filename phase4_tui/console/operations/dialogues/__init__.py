"""What each operation asks, in which order, and which plan it then offers: written once for every face."""
