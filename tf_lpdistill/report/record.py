"""JSON files read field by field; every error names the file, the field and what was there."""

import json
import math
import pathlib
from typing import Any, Self

_MISSING = object()


class Record:
    """A JSON object with typed access to its fields.

    Each reader raises a `ValueError` when the field is missing or is not what it reads.

    Args:
        value: the object, a `dict`.
        where: the file and the place in it, for errors: "results.json: rows[2]".

    Raises:
        ValueError: when `value` is not an object.
    """

    def __init__(self, value: object, where: str):
        self.where = where
        if not isinstance(value, dict):
            raise ValueError(
                f"{where} is damaged or foreign: expected a JSON object. "
                f"Received: {_short(value)}. Run the recipe again to write it anew."
            )
        self._value = value

    @classmethod
    def read(cls, path: pathlib.Path) -> Self:
        """Returns the object in the file at `path`.

        Raises:
            FileNotFoundError: when the file does not exist.
            ValueError: when it is not the JSON text of an object.
        """
        if not path.is_file():
            raise FileNotFoundError(
                f"{path.name} is missing: expected a run folder as a recipe writes it, with "
                f"config.json and results.json. Received: run_dir={str(path.parent)!r}. "
                "Give the --run_dir of a recipe that has finished."
            )
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f"{path.name} is damaged: expected JSON in UTF-8. Received: {path} ({error}). "
                "Run the recipe again to write it anew."
            ) from error
        return cls(value, path.name)

    def keys(self) -> tuple[str, ...]:
        """Returns the names of the fields."""
        return tuple(self._value)

    def text(self, key: str, optional: bool = False) -> Any:
        """Returns a field that is text, or `None` where it may be null or absent and is."""
        return self._get(key, lambda value: isinstance(value, str), "text", optional)

    def flag(self, key: str) -> bool:
        """Returns a field that is true or false."""
        return self._get(key, lambda value: isinstance(value, bool), "true or false", False)

    def integer(self, key: str, optional: bool = False) -> Any:
        """Returns a field that is an integer, 0 or more."""
        return self._get(key, _is_count, "an integer, 0 or more", optional)

    def number(self, key: str, optional: bool = False) -> Any:
        """Returns a field that is a finite number, 0 or more."""
        return self._get(key, _is_number, "a finite number, 0 or more", optional)

    def fraction(self, key: str, optional: bool = False) -> Any:
        """Returns a field that is a number from 0 to 1."""
        return self._get(key, _is_fraction, "a number from 0 to 1", optional)

    def fractions(self, key: str, optional: bool = False) -> Any:
        """Returns a field that is a list, not empty, of numbers from 0 to 1, as a tuple."""
        return self._list(key, _is_fraction, "a list of numbers from 0 to 1", optional)

    def integers(self, key: str) -> tuple[int, ...]:
        """Returns a field that is a list, not empty, of integers, as a tuple."""
        return self._list(key, _is_count, "a list of integers, 0 or more", False)

    def texts(self, key: str) -> tuple[str, ...]:
        """Returns a field that is a list, not empty, of texts, as a tuple."""
        return self._list(key, lambda value: isinstance(value, str), "a list of texts", False)

    def mapping(self, key: str) -> dict[str, Any]:
        """Returns a field that is an object, as it stands."""
        return self._get(key, lambda value: isinstance(value, dict), "an object", False)

    def record(self, key: str, optional: bool = False) -> Any:
        """Returns a field that is an object, as a `Record`."""
        value = self._get(key, lambda value: isinstance(value, dict), "an object", optional)
        return None if value is None else Record(value, f"{self.where}: {key}")

    def records(self, key: str, optional: bool = False) -> Any:
        """Returns a field that is a list, not empty, of objects, as a list of `Record`."""
        values = self._list(
            key, lambda value: isinstance(value, dict), "a list of objects", optional
        )
        if values is None:
            return None
        return [Record(value, f"{self.where}: {key}[{i}]") for i, value in enumerate(values)]

    def _list(self, key, accepts, expected, optional):
        def accepts_list(value):
            return isinstance(value, list) and value and all(map(accepts, value))

        value = self._get(key, accepts_list, f"{expected}, not empty", optional)
        return None if value is None else tuple(value)

    def _get(self, key, accepts, expected, optional):
        value = self._value.get(key, _MISSING)
        if optional and (value is None or value is _MISSING):
            return None
        if value is _MISSING or not accepts(value):
            received = "no such field" if value is _MISSING else _short(value)
            raise ValueError(
                f"{self.where} is damaged or foreign: expected {key!r} to be {expected}. "
                f"Received: {received}. Run the recipe again to write it anew."
            )
        return value


def _is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value):
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    return is_real and math.isfinite(value) and value >= 0


def _is_fraction(value):
    return _is_number(value) and value <= 1


def _short(value):
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
