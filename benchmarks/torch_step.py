r"""The step of benchmarks/step.py in PyTorch: what benchmarks/torch_beside.py runs.

It needs torch alone, in an environment of its own: `python -m venv t; t/bin/pip install torch`.
First it reads one line of JSON, {"batch": 128, "steps": 3, "blocks": [2, 3], "widen": 4}, and
answers with the names of its variants. Then each line names a variant, which trains for a turn;
the answer is the [wall-clock, processor] seconds of a step, the first one left out.
"""

import json
import shutil
import sys
import time

import torch
from torch import nn
from torch.nn import functional


def conv(channels, width, stride=1, size=3):
    """A convolution with "same" padding and no bias."""
    return nn.Conv2d(channels, width, size, stride, size // 2, bias=False)


class BasicBlock(nn.Module):
    """Two convolutions with the norm after each."""

    def __init__(self, channels, width, stride):
        super().__init__()
        self.conv1, self.norm1 = conv(channels, width, stride), nn.BatchNorm2d(width)
        self.conv2, self.norm2 = conv(width, width), nn.BatchNorm2d(width)
        self.shortcut = nn.Identity()
        if channels != width:
            self.shortcut = nn.Sequential(conv(channels, width, stride, 1), nn.BatchNorm2d(width))

    def forward(self, x):
        """(batch, channels, height, width)."""
        y = self.norm2(self.conv2(functional.relu(self.norm1(self.conv1(x)))))
        return functional.relu(y + self.shortcut(x))


class WideBlock(nn.Module):
    """Two convolutions with the norm before each."""

    def __init__(self, channels, width, stride):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(channels), conv(channels, width, stride)
        self.norm2, self.conv2 = nn.BatchNorm2d(width), conv(width, width)
        self.shortcut = conv(channels, width, stride, 1) if channels != width else None

    def forward(self, x):
        """(batch, channels, height, width)."""
        y = functional.relu(self.norm1(x))
        shortcut = x if self.shortcut is None else self.shortcut(y)
        return shortcut + self.conv2(functional.relu(self.norm2(self.conv1(y))))


class Network(nn.Module):
    """`resnet_cifar` and `wide_resnet` of tf_lpdistill.models; returns logits and features."""

    def __init__(self, block, blocks, widen=1, classes=10):
        super().__init__()
        wide = block is WideBlock
        start = [conv(3, 16)] if wide else [conv(3, 16), nn.BatchNorm2d(16), nn.ReLU()]
        body, channels = [], 16
        for stage, width in enumerate((16 * widen, 32 * widen, 64 * widen)):
            for index in range(blocks):
                body.append(block(channels, width, 2 if stage and not index else 1))
                channels = width
        end = [nn.BatchNorm2d(channels), nn.ReLU()] if wide else []
        self.body = nn.Sequential(*start, *body, *end)
        self.logits = nn.Linear(channels, classes)

    def forward(self, x):
        """(batch, 3, height, width)."""
        features = self.body(x).mean((2, 3))
        return self.logits(features), features


def soft_target(teacher, student, temperature=4.0):
    """T^2 KL, a mean over the batch."""
    divergence = functional.kl_div(
        functional.log_softmax(student / temperature, 1),
        functional.softmax(teacher / temperature, 1),
        reduction="batchmean",
    )
    return temperature**2 * divergence


def locality_preserving(teacher, student, neighbors=5):
    """Eqs. 5 and 6 with the adaptive bandwidth, the student's side by a gather."""
    centered = teacher - teacher.mean(0)
    near, indices = (
        torch.cdist(centered, centered)
        .square()
        .fill_diagonal_(torch.inf)
        .topk(neighbors, largest=False)
    )
    alpha = torch.exp(-near / near.mean())
    distances = (student[:, None] - student[indices]).square().sum(2)
    return (alpha * distances).sum() / len(student)


class Variant:
    """A teacher and a student in training.

    Args:
        setup: the first line that was read, see the top of this file.
        channels_last: the layout of images and weights.
        compiled: whether torch.compile makes the step.
        dtype: None, or the dtype of autocast.
    """

    def __init__(self, setup, channels_last=True, compiled=False, dtype=None):
        layout = torch.channels_last if channels_last else torch.contiguous_format
        teacher_blocks, student_blocks = setup["blocks"]
        widen = setup["widen"]
        teacher_block = WideBlock if widen else BasicBlock
        teacher = Network(teacher_block, teacher_blocks, widen or 1).eval()
        self.teacher = teacher.to(memory_format=layout)
        self.student = Network(BasicBlock, student_blocks).to(memory_format=layout)
        self.optimizer = torch.optim.SGD(self.student.parameters(), 1e-3, momentum=0.9)
        self.images = torch.rand(setup["batch"], 3, 32, 32).to(memory_format=layout)
        self.labels = torch.randint(0, 10, (setup["batch"],))
        self.dtype, self.steps = dtype, setup["steps"]
        self.loss = torch.compile(self.total) if compiled else self.total

    def total(self, images, labels):
        """The weighted total of a batch."""
        with torch.autocast("cpu", self.dtype, enabled=self.dtype is not None):
            with torch.no_grad():
                teacher_logits, teacher_features = self.teacher(images)
            logits, features = self.student(images)
        logits, features = logits.float(), features.float()
        return (
            functional.cross_entropy(logits, labels)
            + soft_target(teacher_logits.float(), logits)
            + 0.1 * locality_preserving(teacher_features.float(), features)
        )

    def step(self):
        """One update."""
        self.optimizer.zero_grad()
        self.loss(self.images, self.labels).backward()
        self.optimizer.step()

    def turn(self):
        """Trains for a turn."""
        self.step()
        start = time.perf_counter(), time.process_time()
        for _ in range(self.steps - 1):
            self.step()
        ends = time.perf_counter(), time.process_time()
        return [(end - begin) / (self.steps - 1) for begin, end in zip(start, ends, strict=True)]


def main():
    """Answers line by line."""
    setup = json.loads(sys.stdin.readline())
    name = f"PyTorch {torch.__version__}"
    variants = {
        name: Variant(setup, channels_last=False),
        f"{name}, channels_last": Variant(setup),
        f"{name}, channels_last, bfloat16": Variant(setup, dtype=torch.bfloat16),
    }
    if shutil.which("g++"):
        variants[f"{name}, channels_last, torch.compile"] = Variant(setup, compiled=True)
    print(json.dumps(list(variants)), flush=True)
    for line in sys.stdin:
        print(json.dumps(variants[line.strip()].turn()), flush=True)


if __name__ == "__main__":
    main()
