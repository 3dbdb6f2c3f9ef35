"""Asks every web address in pages and docstrings whether it is still there: `make check-links`.

Prints those that are gone, with the files that name them, and those that gave no clear answer.
Exits with 1 when some are gone, with 2 when not one could be asked, as without a network. It is no
part of `make test`: what others take down breaks no commit of ours. Links inside the pages are
checked by `make docs`.
"""

import concurrent.futures
import http.client
import pathlib
import re
import sys
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
_ADDRESS = re.compile(r"https?://[^\s<>()\"'`\]|]+")
_NO_ADDRESS = re.compile(r"https?://(localhost|127\.|\S*\\)")  # this computer, or a pattern
_GONE = (404, 410)
_SECONDS = 20


def find_addresses(root=ROOT):
    """Returns `{address: sorted names of the files that have it}`, of a folder and below.

    Files are Markdown and Python; hidden folders and `tests` are passed over.
    """
    found = {}
    for path in sorted([*root.rglob("*.md"), *root.rglob("*.py")]):
        name = path.relative_to(root)
        if any(part.startswith(".") or part in ("tests", "node_modules") for part in name.parts):
            continue
        for address in _ADDRESS.findall(path.read_text(encoding="utf-8")):
            address = address.rstrip(".,;:")
            if not _NO_ADDRESS.match(address):
                found.setdefault(address, set()).add(name.as_posix())
    return {address: sorted(names) for address, names in found.items()}


def ask(address):
    """Returns the HTTP status of an address, or in words why there is none."""
    request = urllib.request.Request(address, headers={"User-Agent": "Mozilla/5.0 (check-links)"})
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, http.client.HTTPException) as error:
        return str(error)


def check(addresses):
    """Asks all of them, prints what is wrong, and returns the exit status.

    Args:
        addresses: what `find_addresses` returned.
    """
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = dict(zip(addresses, pool.map(ask, addresses), strict=True))
    if not any(isinstance(answer, int) for answer in answers.values()):
        print(f"None of {len(answers)} addresses could be asked: is there a network?")
        return 2
    gone = [address for address, answer in answers.items() if answer in _GONE]
    unclear = [a for a, answer in answers.items() if a not in gone and answer != 200]
    for title, listed in (("Gone", gone), ("No clear answer", unclear)):
        for address in listed:
            print(f"{title} ({answers[address]}): {address} in {', '.join(addresses[address])}")
    print(f"{len(answers)} addresses: {len(gone)} gone, {len(unclear)} without a clear answer")
    return 1 if gone else 0


if __name__ == "__main__":
    sys.exit(check(find_addresses()))
