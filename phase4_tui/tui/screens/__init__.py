"""The screens; all but the dashboard are loaded when they are opened."""
