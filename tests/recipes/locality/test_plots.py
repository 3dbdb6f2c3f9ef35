"""Plots whose bytes depend on the rows alone."""

import xml.etree.ElementTree

import pytest

from locality import plots

pytest.importorskip("matplotlib")
pytest.importorskip("scipy")


def test_the_same_rows_give_the_same_bytes(tmp_path, rows):
    for name, order in (("a.svg", rows), ("b.svg", rows[::-1])):
        assert plots.methods("mnist_plain", order, tmp_path / name)
    drawn = (tmp_path / "a.svg").read_bytes()
    assert drawn == (tmp_path / "b.svg").read_bytes()
    texts = {node.text for node in xml.etree.ElementTree.fromstring(drawn).iter() if node.text}
    assert {"LP", "KD", "Student alone", "MNIST, plain", "test accuracy %"} <= texts


def test_a_sweep_is_drawn_when_it_has_runs(tmp_path, rows):
    assert plots.sweep("schedule", rows, tmp_path / "schedule.svg")
    assert b"schedule falling" in (tmp_path / "schedule.svg").read_bytes()
    assert not plots.sweep("weight", rows, tmp_path / "weight.svg")
    assert not (tmp_path / "weight.svg").exists()
