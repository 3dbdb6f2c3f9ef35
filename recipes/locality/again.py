"""A row of a table: the runs behind it, made again, and held against its interval."""

from locality import train
from locality.intervals import mean
from locality.raw import setting_text
from locality.records import Job
from locality.tables import interval, percent


def select(rows, part, cell, method, setting=None):
    """Finds the runs that stand behind a row of a table.

    Args:
        rows: all rows on record.
        part: "final", "tune" or a sweep, such as "sweep_k".
        cell: key of `cells.CELLS`.
        method: key of `methods.METHODS`, or "teacher".
        setting: dict; None where the row has only one.

    Returns:
        The rows that were trained, one a seed.

    Raises:
        ValueError: when there are none, or of several settings.
    """
    part = "teacher" if method == "teacher" else part
    found = [row for row in rows if "failed" not in row]
    for flag, value in (("cell", cell), ("part", part), ("method", method)):
        known = sorted({row[flag] for row in found})
        found = [row for row in found if row[flag] == value]
        if not found:
            raise ValueError(
                f"--{flag} must name runs on record, here one of: {', '.join(known)}. Received: "
                f"--cell={cell} --part={part} --method={method}"
            )
    chosen = [row for row in found if setting in (None, row["setting"])]
    if len({setting_text(row["setting"]) for row in chosen}) != 1:
        settings = sorted({setting_text(row["setting"]) for row in found})
        raise ValueError(
            f"--setting must name one of these: {'; '.join(settings)}. "
            f"Received: {setting_text(setting)}"
        )
    return chosen


def make(rows, records, room):
    """Makes runs that are on record again.

    Args:
        rows: the runs.
        records: `Records` of where they are made; a run that it has is not made again.
        room: their `Classroom`.

    Returns:
        The new rows, in the same order.
    """
    made = []
    for row in rows:
        job = Job.of(row)
        if not records.has(job):
            records.write(job, train.run(job, room))
        new = records.read()[job.name]
        print(
            f"seed {job.seed}: {_accuracy(row):.2%} on record, {_accuracy(new):.2%} now", flush=True
        )
        made.append(new)
    return made


def check_teacher(rows, cell, teacher):
    """Refuses another teacher than the one that stands behind a cell.

    Args:
        rows: all rows on record.
        cell: key of `cells.CELLS`.
        teacher: the teacher that is there.

    Raises:
        ValueError: when it has not as many parameters.
    """
    known = [r["parameters"] for r in rows if (r["part"], r["cell"]) == ("teacher", cell)]
    if known and teacher.count_params() not in known:
        raise ValueError(
            f"The teacher of {cell} had {known[0]:,} parameters, this one has "
            f"{teacher.count_params():,}: give its file by --cifar_teacher, with a new --run_dir"
        )


def within(rows, new):
    """Prints both means; returns whether the new one lies in the interval of the other."""
    old, found = (mean(_accuracy(row) for row in some) for some in (rows, new))
    inside = old.number < 2 or old.low <= found.mean <= old.high
    verdict = "within" if inside else "outside of"
    limits = f", {verdict} {interval(old)}" if old.number > 1 else "; one run has no interval"
    print(f"{percent(old)} on record, {percent(found)} now{limits}")
    return inside


def _accuracy(row):
    if "failed" in row:
        raise ValueError(f"The run cannot be made here: {row['failed']}")
    return row["test_accuracy" if "test_accuracy" in row else "validation_accuracy"]
