r"""How the locality preserving loss grows with batch, width and k; and what ImageNet would cost.

    python benchmarks/growth.py            # about two minutes, into docs/results/growth.md
    python benchmarks/growth.py --quick    # does it run?

The first table is measured: the whole loss, teacher and student side, forward and backward, of a
batch size unknown to the graph, and its peak memory in a process of its own. The second one is
arithmetic, `paper.cost`, for 7x7x2048 features of a ResNet-101 and 7x7x1024 of an Inception-BN on
eight devices, against the fully connected bridge of the hint loss that the paper replaces. What
grows with the data set, the graph and the cache, is in graph.py and cache.py.
"""

import common
import loss
from paper import cost

SIZES = [(rows, 1024, 5) for rows in (128, 512, 2048, 8192)]
SIZES += [(512, width, 5) for width in (256, 4096)]
SIZES += [(512, 1024, neighbors) for neighbors in (1, 20)]
TEACHER, STUDENT = (7, 7, 2048), (7, 7, 1024)
REPLICAS = 8
GIB = 2**30


def on_paper(batch):
    """One row of the second table."""
    costs = cost(batch, TEACHER, STUDENT, REPLICAS)
    return {
        "batch of a replica": batch,
        **{
            f"{name}, {unit}": float(f"{costs[name] / scale:.3g}")
            for method in ("LP", "bridge")
            for name, unit, scale in (
                (f"{method} memory", "GiB", GIB),
                (f"{method} operations", "10^12", 1e12),
                (f"{method} received", "GiB", GIB),
            )
        },
    }


def measured(rows, width, neighbors, rounds):
    """One row of the first table."""
    times = common.interleave({"loss": loss.work(rows, width, neighbors)}, rounds)["loss"]
    used = loss.memory(rows, width, neighbors)
    return {**used, "ms": common.milliseconds(times)}


def measure(quick):
    """Returns the tables: see the top of this file."""
    sizes, rounds = ([(64, 16, 2)], 2) if quick else (SIZES, 7)
    return {
        "Time and memory of the whole loss": [measured(*size, rounds) for size in sizes],
        f"On paper: 7x7x2048 -> 7x7x1024 on {REPLICAS} devices": [
            on_paper(batch) for batch in (32, 64, 128)
        ],
    }


if __name__ == "__main__":
    common.main("growth", "How the locality preserving loss grows", measure)
