r"""The step of benchmarks/step.py in PyTorch, in turn with it.

    python -m venv ~/torch; ~/torch/bin/pip install torch numpy
    python benchmarks/torch_beside.py --torch_python ~/torch/bin/python

PyTorch runs in a Python of its own, which waits while TensorFlow works, and the other way round.
The networks, the losses and the optimizer are the same, and images are random in both. PyTorch's
step leaves out what Keras's `fit` does around it: it sees one fixed batch again and again, without
an input pipeline, and keeps no metrics. That is a small edge for PyTorch.
"""

import functools
import json
import subprocess

import keras
from absl import app, flags

import common
import step

FLAGS = flags.FLAGS
flags.DEFINE_string("torch_python", None, "A Python that can import torch.")


class Torch:
    """PyTorch in a process of its own, which works when it is told to.

    Args:
        teacher: as in PAIRS.
        student: the same.
        batch_size: images a step.
    """

    def __init__(self, teacher, student, batch_size):
        self.process = subprocess.Popen(
            [FLAGS.torch_python, str(common.FOLDER / "torch_step.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        _, depth, *widen = teacher
        blocks = [depth // 6, student[1] // 6]  # depth 6 n + 2 of a ResNet, 6 n + 4 of a WRN
        setup = {"blocks": blocks, "widen": sum(widen)}
        self.names = self.ask(json.dumps(setup | {"batch": batch_size, "steps": step.STEPS}))

    def ask(self, line):
        """Sends a line and returns the answer."""
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def turns(self):
        """{name of a variant: function that runs a turn}."""
        return {name: functools.partial(self.ask, name) for name in self.names}

    def close(self):
        """Ends the process."""
        self.process.stdin.close()
        self.process.wait()


def in_bfloat16(teacher, student, batch_size):
    """The step with both networks in mixed_bfloat16."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    distiller = step.ours(step.make(teacher), step.make(student))
    keras.config.set_dtype_policy("float32")
    return step.trained(distiller, step.batches(batch_size))


def beside_torch(teacher, student, batch_size, rounds):
    """One row for each variant."""
    torch = Torch(teacher, student, batch_size)
    base = step.trained(step.ours(step.make(teacher), step.make(student)), step.batches(batch_size))
    bfloat16 = in_bfloat16(teacher, student, batch_size)
    turns = {"ours": base, "ours, mixed_bfloat16": bfloat16, **torch.turns()}
    times = common.take_turns(turns, rounds)
    torch.close()
    return step.against("ours", times)


def measure(quick):
    """Returns the table: see the top of this file."""
    if not FLAGS.torch_python:
        raise app.UsageError("--torch_python must name a Python that can import torch.")
    pairs, batch_size, rounds = step.PAIRS, step.BATCH, step.ROUNDS
    if quick:
        pairs, batch_size, rounds = step.QUICK_PAIRS, 8, 2
    pair, networks = next(iter(pairs.items()))
    return {f"KD + LP by a live teacher, {pair}": beside_torch(*networks, batch_size, rounds)}


if __name__ == "__main__":
    title = f"PyTorch's step at batch {step.BATCH}"
    common.main("torch_beside", title, measure)
