"""x."""


def preflight(student, verb):
    """x."""
