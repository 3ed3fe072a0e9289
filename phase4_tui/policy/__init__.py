"""The decision policy as pure functions, without files or clock."""
