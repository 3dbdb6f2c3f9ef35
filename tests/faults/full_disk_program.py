"""Writes over whole files on a small tmpfs that is full: nothing of them may be lost.

    unshare --map-root-user --mount python tests/faults/full_disk_program.py FOLDER

Mounts on FOLDER, which no process but this one sees. The last line printed is JSON: attacks, how
many of them the disk refused, and what was lost.
"""

import errno
import json
import os
import pathlib
import subprocess
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

from tests.faults.kinds import KINDS, WRITERS, names, same

ROOMS = (0, 4096, 8192)  # bytes left on the disk
SIZE = 2**21


def attack(name, disk, room):
    """Returns `(whether the disk refused, what is lost or None)`."""
    kind, folder = KINDS[name], disk / "files"
    folder.mkdir()
    kind.write(folder)
    expected, before = kind.read(folder), names(folder)
    state = os.statvfs(disk)
    (disk / "ballast").write_bytes(bytes(max(0, state.f_bavail * state.f_frsize - room)))
    try:
        kind.write(folder)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            return True, f"another error: {error}"
        if names(folder) != before:
            return True, f"other files: {sorted(set(names(folder)) ^ set(before))}"
        return True, None if same(kind.read(folder), expected) else "the earlier files"
    except Exception as error:
        return True, f"another error: {error!r}"
    whole = same(kind.read(folder), expected)  # there was room
    return False, None if whole else "the files that were written"


def main():
    """See the module."""
    disk, found = pathlib.Path(sys.argv[1]), {}
    for name in WRITERS:
        for room in ROOMS:
            mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", disk]
            subprocess.run(mount, check=True)
            found[f"{name}, {room} bytes left"] = attack(name, disk, room)
            subprocess.run(["umount", "--lazy", disk], check=True)
    lost = [f"{where}: {what}" for where, (_, what) in found.items() if what]
    refused = sum(refused for refused, _ in found.values())
    print(json.dumps({"tried": len(found), "refused": refused, "lost": lost}))


if __name__ == "__main__":
    main()
