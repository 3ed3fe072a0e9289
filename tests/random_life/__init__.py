"""Random life: a dashboard whose operators, files and terminal do whatever they like, and what must hold then."""
