"""Archives that attacks share."""

import zipfile


def zip_bomb(path):
    """Writes a zip of a few hundred kilobytes that unpacks to 300 MiB; returns its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("config.json", "w", force_zip64=True) as member:
            for _ in range(300):
                member.write(bytes(2**20))
    return path
