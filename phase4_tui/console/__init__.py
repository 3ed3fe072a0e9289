"""What an operator sees and may do, whatever the face; draws nothing."""
