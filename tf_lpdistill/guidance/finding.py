"""What a check finds: what it is, why it matters, and the way out."""

import dataclasses
import textwrap
from collections.abc import Iterable

SEVERITIES = ("error", "warning", "note")


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing to know before training.

    Args:
        name: what was found, in one snake-case word: "input_scaling".
        severity: "error": training would fail or learn from nonsense; "warning": it would probably
            be worse than it can be; "note": worth knowing, nothing to do.
        what: what was seen, with its numbers.
        why: why it matters.
        way_out: what to do about it.
    """

    name: str
    severity: str
    what: str
    why: str
    way_out: str

    def __str__(self):
        lines = [f"{self.severity} ({self.name}): {self.what}"]
        lines += [f"  why: {self.why}"] if self.why else []
        lines += [f"  way out: {self.way_out}"] if self.way_out else []
        return "\n".join(
            textwrap.fill(line, 96, initial_indent="", subsequent_indent="    ") for line in lines
        )


class Findings(list):
    """A list of `Finding`, the gravest first, that prints as a text to read.

    Args:
        findings: those found, in any order.
    """

    def __init__(self, findings: Iterable[Finding] = ()):
        super().__init__(sorted(findings, key=lambda found: SEVERITIES.index(found.severity)))

    @property
    def problems(self) -> list[Finding]:
        """The errors and warnings, without the notes."""
        return [found for found in self if found.severity != "note"]

    def __str__(self):
        if not self.problems:
            return "\n".join(["No problem found.", *map(str, self)])
        return "\n".join(map(str, self))
