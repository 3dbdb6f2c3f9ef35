"""What class names must be to stand in a file of labels: one line of text each, all different."""

import collections
from collections.abc import Iterable


def is_one_line(name: object) -> bool:
    """Whether a name is a `str` of one line that is not blank.

    Args:
        name: anything.
    """
    # splitlines knows every kind of line end, U+2028 too.
    return isinstance(name, str) and bool(name.strip()) and name.splitlines() == [name]


def repeated(names: Iterable[str]) -> list[str]:
    """Returns the names that occur more than once, each once, in the order of their first.

    Args:
        names: of the classes.
    """
    return [name for name, count in collections.Counter(names).items() if count > 1]
