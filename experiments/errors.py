"""Errors that a user can put right: one clear line each, exit status 2 on the command line."""


class InputError(ValueError):
    """Something the user gave (a file, a value, a name) cannot be used; the message says what and where."""
