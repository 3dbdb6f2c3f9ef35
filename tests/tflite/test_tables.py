import struct

import pytest

from tf_lpdistill.tflite import tables

SCHEMA = {
    "Root": {
        "name": (0, "string"),
        "child": (2, "Child"),
        "children": (3, "[Child]"),
        "shape": (4, {1: "Circle", 2: "Square"}),
    },
    "Child": {"small": (0, "int8"), "large": (1, "uint32"), "numbers": (3, "[float]")},
    "Circle": {"radius": (0, "[float]")},
    "Square": {},
}

VALUES = [
    {},
    {"name": "été"},
    {"child": {"small": 3, "large": 4_000_000_000, "numbers": [0.5, -2.0]}},
    {"children": [{"small": 1}, {}, {"numbers": [1.0]}], "name": ""},
    {"shape": {"Circle": {"radius": [2.5]}}},
    {"shape": {"Square": {}}, "name": "s"},
]


@pytest.mark.parametrize("value", VALUES)
def test_there_and_back(value):
    data = tables.encode(SCHEMA, "Root", value, "M001")
    assert data[4:8] == b"M001"
    assert tables.decode(SCHEMA, "Root", data) == value


def test_the_bytes_follow_the_format():
    """By hand: root offset, table, offset back to the vtable, slot 0, string."""
    data = tables.encode(SCHEMA, "Root", {"name": "abc"}, "M001")
    (table,) = struct.unpack_from("<I", data, 0)
    vtable = table - struct.unpack_from("<i", data, table)[0]
    (slot,) = struct.unpack_from("<H", data, vtable + 4)
    start = table + slot + struct.unpack_from("<I", data, table + slot)[0]
    (length,) = struct.unpack_from("<I", data, start)
    assert data[start + 4 : start + 4 + length] == b"abc"


def test_an_unknown_member_of_a_union_is_left_out():
    data = tables.encode(SCHEMA, "Root", {"shape": {"Square": {}}, "name": "s"}, "M001")
    older = {**SCHEMA, "Root": {**SCHEMA["Root"], "shape": (4, {1: "Circle"})}}
    assert tables.decode(older, "Root", data) == {"name": "s"}
