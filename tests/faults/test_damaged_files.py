"""Damaged files: flipped, cut, spliced bytes are refused by name, or change nothing that is read.

What is read of a damaged file of a kind (`kinds.py`) must be the same as of the whole one, or an
error that names the file.
"""

import shutil

import numpy as np
import pytest

from tests.faults.kinds import KINDS, same


def flip(content, rng):
    spoilt = bytearray(content)
    spoilt[rng.integers(len(content))] ^= 1 << rng.integers(8)
    return bytes(spoilt)


def cut(content, rng):
    return content[: rng.integers(len(content))]


def splice(content, rng):
    start, end = sorted(rng.integers(len(content), size=2))
    return content[:start] + content[end:]


def blank(content, rng):
    start = rng.integers(len(content))
    return content[:start] + bytes(min(512, len(content) - start)) + content[start + 512 :]


def grow(content, rng):
    return content + rng.bytes(17)


DAMAGES = (flip, cut, splice, blank, grow)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """`whole(kind)`: a folder with the files of the kind, and what is read of them."""
    made = {}

    def make(name):
        if name not in made:
            folder = tmp_path_factory.mktemp("whole")
            KINDS[name].write(folder)
            made[name] = folder, KINDS[name].read(folder)
        return made[name]

    return make


@pytest.mark.parametrize("name", KINDS)
def test_refused_by_name_or_read_as_it_was(name, whole, tmp_path, tries, record_property):
    kind, rng = KINDS[name], np.random.default_rng(len(name))
    folder, expected = whole(name)
    lost, refused = [], 0
    for number in range(tries):
        copy = tmp_path / str(number)
        shutil.copytree(folder, copy)
        paths = sorted(path for pattern in kind.files for path in copy.glob(pattern))
        path, damage = paths[number % len(paths)], DAMAGES[number % len(DAMAGES)]
        path.write_bytes(damage(path.read_bytes(), rng))
        try:
            if not same(kind.read(copy), expected):
                lost.append(f"{damage.__name__} of {path.name}: read as something else")
        except kind.errors as error:
            refused += 1
            named = path.name in str(error) or path.parent.name in str(error)
            if not named:
                lost.append(f"{damage.__name__} of {path.name}: {type(error).__name__} {error}")
        except Exception as error:
            lost.append(f"{damage.__name__} of {path.name}: {type(error).__name__} {error}")
        shutil.rmtree(copy)
    record_property("tried", tries)
    record_property("lost", len(lost))
    assert not lost, "\n".join(lost)
    assert refused  # a reader that refuses nothing sees nothing
