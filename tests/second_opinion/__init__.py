"""Whether a green verdict is right, asked of code that shares nothing with the program."""
