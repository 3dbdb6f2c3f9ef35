"""The first frame of a GIF file, and how many pixels it claims."""

import struct

_IMAGE, _EXTENSION, _END = b",", b"!", b";"


def first_frame(data: bytes) -> tuple[tuple[int, int], bytes]:
    """Cuts a GIF file behind its first frame.

    A decoder reads all frames, of which each may claim any size, whatever the head of the file
    says, even where only the first is asked for. A frame that covers a part of the picture is all
    that is left of it, and moves to the corner.

    Args:
        data: bytes of a GIF file.

    Returns:
        `((height, width), data)`: the larger of what the head and the frame claim, and the bytes
        of a file with this frame alone.

    Raises:
        ValueError: when the file ends before its first frame does.
    """
    try:
        width, height, flags = struct.unpack_from("<HHB", data, 6)
        position = 13 + _table(flags)
        while data[position : position + 1] == _EXTENSION:
            position = _after_blocks(data, position + 2)
        if data[position : position + 1] != _IMAGE:
            raise ValueError("no readable GIF: it holds no frame")
        columns, rows, flags = struct.unpack_from("<HHB", data, position + 5)
        end = _after_blocks(data, position + 10 + _table(flags) + 1)
    except (struct.error, IndexError) as error:
        raise ValueError("no readable GIF: it ends before its first frame does") from error
    at_corner = data[:position] + _IMAGE + bytes(4) + data[position + 5 : end]
    return (max(height, rows), max(width, columns)), at_corner + _END


def _table(flags):
    """Bytes of the colour table that the flags announce: 3 a colour."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(data, position):
    """The position behind blocks that each begin with their length; one of length 0 is the last."""
    while length := data[position]:
        position += 1 + length
    return position + 1
