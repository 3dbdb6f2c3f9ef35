"""The bundle: a folder with everything that an app needs, which knows when it is damaged."""

import dataclasses
import json
import pathlib
from typing import Any, Self

from tf_lpdistill import files
from tf_lpdistill.preprocessing import Preprocessing
from tf_lpdistill.tflite import card
from tf_lpdistill.tflite.metadata import LABELS
from tf_lpdistill.types import PathLike

FACTS = "bundle.json"
CARD = "MODEL_CARD.md"
FORMAT = "tf_lpdistill.bundle/1"


@dataclasses.dataclass(frozen=True)
class Bundle:
    """A phone bundle on disk: `NAME_PRECISION.tflite`, labels.txt, bundle.json, MODEL_CARD.md.

    Made by `export_bundle`, opened again by `Bundle.open`.

    Args:
        directory: the folder.
        name: the first part of the files' names.
        labels: the class names, in the order of the outputs; none where these are embeddings.
        preprocessing: from pixels to the student's input; it is inside each file.
        softmax_added: whether the files end in a softmax that the student does not have.
        files: `{precision: path}` of the `.tflite` files.
    """

    directory: pathlib.Path
    name: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    softmax_added: bool
    files: dict[str, pathlib.Path]

    @classmethod
    def open(cls, directory: "Bundle | PathLike") -> Self:
        """Opens a bundle and checks every file against its SHA-256 in bundle.json.

        Args:
            directory: the folder, or a `Bundle` to check anew.

        Raises:
            ValueError: when the folder is not a bundle, or a file is missing or damaged.
        """
        directory = pathlib.Path(getattr(directory, "directory", directory)).resolve()
        facts = read_facts(directory)
        entries = [facts["labels_file"]] if facts["labels_file"] else []
        entries += facts["files"].values()
        checksums = {entry["file"]: entry["sha256"] for entry in entries}
        for name, checksum in checksums.items():
            _check_file(directory, name, checksum)
        return cls(
            directory=directory,
            name=facts["name"],
            labels=tuple(facts["labels"]),
            preprocessing=Preprocessing(**facts["preprocessing"]),
            softmax_added=facts["softmax_added"],
            files={p: directory / entry["file"] for p, entry in facts["files"].items()},
        )

    def facts(self) -> dict[str, Any]:
        """Returns the content of bundle.json as it is now."""
        return read_facts(self.directory)

    def record(self, facts: dict[str, Any]) -> None:
        """Writes `facts` into bundle.json, and the model card made from it."""
        write_facts(self.directory, facts)


def read_facts(directory: pathlib.Path) -> dict[str, Any]:
    """Reads bundle.json.

    Raises:
        ValueError: when it is missing, damaged, or not of this format.
    """
    path = pathlib.Path(directory) / FACTS
    if not path.is_file():
        raise ValueError(
            f"Not a phone bundle: there is no {FACTS}. Received: directory={directory}. "
            "Make one with `tflite.export_bundle`."
        )
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        known = facts["format"] == FORMAT and {"labels_file", "files", "labels"} <= facts.keys()
        if known:
            _check_form(facts)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{FACTS} is damaged ({error!r}). Received: path={path}. Export the bundle again."
        ) from error
    if not known:
        raise ValueError(
            f"{FACTS} must be of the format {FORMAT!r}. Received: {facts['format']!r} in {path}"
        )
    return facts


def _check_form(facts):
    """Raises a ValueError, KeyError or TypeError for facts that no export writes."""
    entries = [facts["labels_file"]] if facts["labels_file"] else []
    entries += facts["files"].values()
    texts = [facts["name"], *facts["labels"], *(e[k] for e in entries for k in ("file", "sha256"))]
    wrong = [text for text in texts if not isinstance(text, str)]
    if wrong or not isinstance(facts["softmax_added"], bool):
        raise ValueError(f"it holds {(wrong or [facts['softmax_added']])[0]!r} in a wrong place")
    Preprocessing(**facts["preprocessing"])


def write_facts(directory: pathlib.Path, facts: dict[str, Any]) -> None:
    """Writes bundle.json and MODEL_CARD.md into `directory`."""
    files.write_json(pathlib.Path(directory) / FACTS, facts)
    files.write_text(pathlib.Path(directory) / CARD, card.model_card(facts))


def _check_file(directory, name, checksum):
    path = directory / name
    if path.parent != directory or not path.is_file():
        raise ValueError(
            f"The bundle is incomplete: {name!r} is missing. Received: directory={directory}. "
            "Export it again."
        )
    if files.sha256(path) != checksum:
        raise ValueError(
            f"The bundle is damaged: {name!r} is not the file that was exported (its SHA-256 "
            f"differs from {FACTS}). Received: directory={directory}. Export it again."
        )


def check_replaceable(directory: PathLike) -> None:
    """Refuses to replace a folder that holds anything but a bundle.

    Args:
        directory: the folder that an export is about to take the place of.

    Raises:
        ValueError: naming what would be lost.
    """
    directory = pathlib.Path(directory)
    if directory.exists() and not directory.is_dir():
        raise ValueError(f"`directory` must be a folder. Received: the file {directory}")
    found = {path.name for path in directory.iterdir()} if directory.exists() else set()
    if not found:
        return
    own = {FACTS, CARD, LABELS}
    if FACTS in found:
        facts = read_facts(directory)
        own |= {entry["file"] for entry in facts["files"].values()} | set(facts.get("demo", []))
    if FACTS not in found or found - own:
        raise ValueError(
            "The folder holds files that are not part of a bundle; replacing it would lose them. "
            f"Received: directory={directory} with {sorted(found - own)}. "
            "Choose another folder, or move them away."
        )
