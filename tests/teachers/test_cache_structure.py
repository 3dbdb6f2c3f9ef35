import pytest

from tf_lpdistill.teachers.cache.structure import assemble, flatten, names_of


@pytest.mark.parametrize(
    ("outputs", "names"),
    [
        (1, ["p"]),
        ({"a": 1, "b/c": 2}, ["p.a", "p.b/c"]),
        ((1, 2), ["p.0", "p.1"]),
        ({"a": (1, {"x": 2}), "b": ()}, ["p.a.0", "p.a.1.x"]),
    ],
)
def test_there_and_back(outputs, names):
    named = names_of(outputs, "p")
    flat = flatten(named, outputs)
    assert list(flat) == names
    assert assemble(named, flat) == outputs


def test_lists_come_back_as_tuples():
    named = names_of([1, 2])
    assert named == ["0", "1"] and assemble(named, flatten(named, [1, 2])) == (1, 2)
