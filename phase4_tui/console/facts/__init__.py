"""What is on disk, read into one immutable snapshot."""
