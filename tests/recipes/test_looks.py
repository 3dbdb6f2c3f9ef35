"""Every recipe that trains a student looks at its wiring first: by one path, which is read here."""

import ast
import pathlib

import pytest

RECIPES = pathlib.Path(__file__).parents[2] / "recipes"
# What calls the `fit` of Keras, after `watch`, which looks at the wiring.
FITS = {"teaching.training", "streamed.imagenet_training"}
# All but the study and the pictures, which train settings that are wrong on purpose: see
# docs/guidance.md.
TRAIN = {
    "cifar", "compare", "digits", "image_folder", "imagenet", "mnist", "neighbor_batches", "shrink",
    "tune", "two_stages",
}  # fmt: skip


def trees():
    """Returns {dotted name: tree}, without the rooms of what is not in `TRAIN`."""
    return {
        ".".join(path.relative_to(RECIPES).with_suffix("").parts): ast.parse(path.read_text())
        for path in RECIPES.rglob("*.py")
        if path.parent.name not in ("locality", "explained")
    }


def calls(tree, name):
    """The calls of a function or a method of this name."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [
        node
        for node in found
        if getattr(node.func, "attr", None) == name or getattr(node.func, "id", None) == name
    ]


def reached(name, sources):
    """A recipe and all files of recipes/ that it reaches."""
    seen, pending = set(), {name}
    while pending:
        seen |= pending
        nodes = [node for one in pending for node in ast.walk(sources[one])]
        names = {a.name for n in nodes if isinstance(n, ast.Import) for a in n.names}
        for node in nodes:
            if isinstance(node, ast.ImportFrom):
                names |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
        pending = names & set(sources) - seen
    return seen


def test_the_recipes_that_train_are_known():
    sources = trees()
    recipes = {name for name, tree in sources.items() if calls(tree, "run_recipe")} - {"common"}
    assert {name for name in recipes if reached(name, sources) & FITS} == TRAIN
    assert recipes - TRAIN == {"pictures", "study", "study_again", "study_results"}


@pytest.mark.parametrize("name", sorted(TRAIN))
def test_a_model_is_fitted_in_the_trainers_alone(name):
    sources = trees()
    fitted = set()
    for module in reached(name, sources):
        for call in calls(sources[module], "fit"):
            receiver = ast.unparse(call.func.value).rpartition(".")[2]
            if receiver not in ("trainer", "_trainer", "self"):
                fitted.add(module)
    assert fitted and fitted <= FITS


@pytest.mark.parametrize("module", sorted(FITS))
def test_the_trainers_look_before_they_fit(module):
    functions = [node for node in ast.walk(trees()[module]) if isinstance(node, ast.FunctionDef)]
    (fit,) = (
        node for node in functions
        if any(ast.unparse(call.func.value) == "model" for call in calls(node, "fit"))
    )  # fmt: skip
    (looked,), (fitted,) = calls(fit, "watch"), calls(fit, "fit")
    assert looked.lineno < fitted.lineno
