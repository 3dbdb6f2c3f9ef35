"""Numbers as a reader wants them: rounded, grouped, with their unit."""

NONE = "\N{EN DASH}"
"""What stands where nothing was measured."""

_MINUS = "\N{MINUS SIGN}"
_SPACE = "\N{NO-BREAK SPACE}"  # a number and its unit stay on one line


def percent(fraction: float | None, digits: int = 1) -> str:
    """Returns a fraction as a percentage: 0.9443 is "94.4%", `None` is a dash."""
    return NONE if fraction is None else f"{100 * fraction:.{digits}f}%"


def percent_tick(fraction: float) -> str:
    """Returns a fraction as a percentage with as few digits as it needs: 0.975 is "97.5%"."""
    return f"{100 * fraction:g}%"


def percent_sd(mean: float, sd: float | None) -> str:
    """Returns mean and standard deviation of a fraction, "94.4 ± 0.3%"; without sd the mean."""
    return percent(mean) if sd is None else f"{100 * mean:.1f} ± {100 * sd:.1f}%"


def decimal_sd(mean: float, sd: float | None) -> str:
    """Returns mean and standard deviation, "0.44 ± 0.03", or the mean alone when sd is `None`."""
    return f"{mean:.2f}" if sd is None else f"{mean:.2f} ± {sd:.2f}"


def points(difference: float) -> str:
    """Returns a difference of fractions in percentage points, signed: 0.038 is "+3.8"."""
    text = f"{100 * difference:+.1f}"
    return "±0.0" if text in ("+0.0", "-0.0") else text.replace("-", _MINUS)


def count(value: int) -> str:
    """Returns an integer with grouped thousands: "312,650"."""
    return f"{value:,}"


def size(number_of_bytes: float | None) -> str:
    """Returns a file size in powers of 1000: "812 B", "8.1 kB", "1.24 MB"; `None` is a dash."""
    if number_of_bytes is None:
        return NONE
    if number_of_bytes < 1000:
        return f"{number_of_bytes}{_SPACE}B"
    if number_of_bytes < 999_950:
        return f"{number_of_bytes / 1e3:.1f}{_SPACE}kB"
    return f"{number_of_bytes / 1e6:.2f}{_SPACE}MB"


def milliseconds(value: float | None) -> str:
    """Returns a time with two significant digits: "0.013 ms", "1.2 ms", "125 ms"; `None` a dash."""
    if value is None:
        return NONE
    return f"{value:,.0f}{_SPACE}ms" if value >= 10 else f"{significant(value, 2)}{_SPACE}ms"


def significant(value: float, digits: int = 3) -> str:
    """Returns `value` with `digits` significant digits and no exponent between 1e-4 and 1e6."""
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e6:
        return f"{value:.{digits - 1}e}".replace("-", _MINUS)
    rounded = float(f"{value:.{digits - 1}e}")
    exponent = int(f"{abs(rounded):e}".rpartition("e")[2])
    return f"{rounded:,.{max(0, digits - 1 - exponent)}f}".replace("-", _MINUS)


def times(ratio: float) -> str:
    """Returns a ratio as people say it: "3.2×" below ten, "82×" above."""
    return f"{ratio:.1f}×" if ratio < 9.95 else f"{ratio:,.0f}×"
