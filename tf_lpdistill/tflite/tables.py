"""FlatBuffers tables as plain dicts, for a schema that is written down as data."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import flatbuffers
import numpy as np
from flatbuffers import number_types
from flatbuffers.table import Table

# See `encode`.
Schema: TypeAlias = Mapping[str, Mapping[str, tuple[int, Any]]]
_SCALARS = {"int8": number_types.Int8Flags, "uint32": number_types.Uint32Flags}


def _is_scalar(kind):
    return isinstance(kind, str) and kind in _SCALARS


def encode(schema: Schema, root: str, value: dict[str, Any], identifier: str) -> bytes:
    """Returns `value` as a FlatBuffer.

    Args:
        schema: `{table: {field: (slot, kind)}}`. A kind is "string", "int8", "uint32",
            "[float]", a table's name, "[table's name]", or a union as `{code: table's name}`
            (its code lies in `slot`, its table in `slot + 1`; its value is `{table's name: dict}`).
        root: the name of the outermost table.
        value: a dict of its fields; fields that are left out are not written.
        identifier: the four characters of the file identifier.
    """
    builder = flatbuffers.Builder()
    builder.Finish(_encode_table(builder, schema, root, value), identifier.encode())
    return bytes(builder.Output())


def _encode_table(builder, schema, table, value):
    fields = schema[table]
    children = {
        name: _encode_child(builder, schema, fields[name][1], child)
        for name, child in value.items()
        if not _is_scalar(fields[name][1])
    }
    builder.StartObject(max((slot + 2 for slot, _ in fields.values()), default=0))
    for name, child in value.items():
        slot, kind = fields[name]
        if kind == "int8":
            builder.PrependInt8Slot(slot, child, 0)
        elif kind == "uint32":
            builder.PrependUint32Slot(slot, child, 0)
        elif isinstance(kind, dict):
            code = next(code for code, table in kind.items() if table in child)
            builder.PrependUint8Slot(slot, code, 0)
            builder.PrependUOffsetTRelativeSlot(slot + 1, children[name], 0)
        else:
            builder.PrependUOffsetTRelativeSlot(slot, children[name], 0)
    return builder.EndObject()


def _encode_child(builder, schema, kind, value):
    if isinstance(kind, dict):
        table, fields = next(iter(value.items()))
        return _encode_table(builder, schema, table, fields)
    if kind == "string":
        return builder.CreateString(value)
    if kind == "[float]":
        return builder.CreateNumpyVector(np.asarray(value, np.float32))
    if not kind.startswith("["):
        return _encode_table(builder, schema, kind, value)
    tables = [_encode_table(builder, schema, kind[1:-1], item) for item in value]
    builder.StartVector(4, len(tables), 4)
    for table in reversed(tables):
        builder.PrependUOffsetTRelative(table)
    return builder.EndVector()


def decode(schema: Schema, root: str, data: bytes) -> dict[str, Any]:
    """Returns the dict that `encode` made `data` of; fields at their default are left out."""
    position = int.from_bytes(data[:4], "little")
    return _decode_table(schema, root, Table(bytearray(data), position))


def _decode_table(schema, name, table):
    value = {}
    for field, (slot, kind) in schema[name].items():
        offset = table.Offset(4 + 2 * slot)
        if not offset:
            continue
        if _is_scalar(kind):
            value[field] = table.Get(_SCALARS[kind], table.Pos + offset)
        elif not isinstance(kind, dict):
            value[field] = _decode_child(schema, kind, table, offset)
        elif (code := table.Get(number_types.Uint8Flags, table.Pos + offset)) in kind:
            inner = Table(table.Bytes, 0)
            table.Union(inner, table.Offset(4 + 2 * (slot + 1)))
            value[field] = {kind[code]: _decode_table(schema, kind[code], inner)}
    return value


def _decode_child(schema, kind, table, offset):
    if kind == "string":
        return table.String(table.Pos + offset).decode()
    if kind == "[float]":
        return [float(x) for x in table.GetVectorAsNumpy(number_types.Float32Flags, offset)]
    if not kind.startswith("["):
        return _decode_table(schema, kind, Table(table.Bytes, table.Indirect(table.Pos + offset)))
    start = table.Vector(offset)
    positions = (table.Indirect(start + 4 * i) for i in range(table.VectorLen(offset)))
    return [_decode_table(schema, kind[1:-1], Table(table.Bytes, p)) for p in positions]
