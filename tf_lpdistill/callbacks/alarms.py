"""What is alarming while a student trains: texts, each with its way out."""

from collections.abc import Mapping, Sequence

from tf_lpdistill.callbacks.health import Health

# Of spread to length. Trained on the digits it is about 0.5, before training 0.14; where nothing
# but the locality preserving loss was left, it fell to 0.03.
NARROW = 0.05
CONSTANT = 1e-3  # all samples are the same to within the rounding of half precision
# Two classes need one direction, and three or more at least two.
ONE_DIRECTION = 1.5
# Of the largest spread. Weight decay alone shrinks features two or three times in a training.
SHRUNK = 0.1
MOST, LEAST = 0.9, 0.01
_WAYS_OUT = (
    "Lower the weight of the losses between samples, or raise that of the labels and of "
    "soft_target; LocalityPreserving(normalize=True) does not gain from shrinking."
)


def of_features(
    health: Health, past: Sequence[Health], num_classes: int | None, layer: str | None
) -> dict[str, str]:
    """Finds what is wrong with the features of the student.

    Args:
        health: `Health` now.
        past: list of `Health` at the earlier looks, at least one.
        num_classes: outputs of the student, or None.
        layer: name of the layer, or None for the output.

    Returns:
        {kind: text}.
    """
    where = f"The student's features in {layer!r}" if layer else "The student's outputs"
    found = {}
    widest = max(past, key=lambda earlier: earlier.spread)
    # A deep network may begin narrow: it has collapsed when it has been wider.
    was_wider = health.width < 0.5 * max(earlier.width for earlier in past)
    if health.width < CONSTANT or (health.width < NARROW and was_wider):
        found["collapse"] = (
            f"{where} have collapsed: they lie {health.spread:.3g} from their mean at a length of "
            f"{health.norm:.3g}, so that all samples look alike. {_WAYS_OUT}"
        )
    elif health.rank < ONE_DIRECTION and (num_classes or 0) > 2:
        found["collapse"] = (
            f"{where} have collapsed onto a line: their effective rank is {health.rank:.2f}, with "
            f"{num_classes} classes to tell apart. {_WAYS_OUT}"
        )
    if health.spread < SHRUNK * widest.spread:
        found["shrinking"] = (
            f"{where} shrink: their distance from their mean fell from {widest.spread:.3g} to "
            f"{health.spread:.3g}. A loss between samples is lowered by that alone. {_WAYS_OUT}"
        )
    return found


def of_shares(shares: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, str]:
    """Finds terms that have nearly all of the gradient, or nearly nothing.

    Args:
        shares: {part: its share of the gradient norm}, "student_loss" among them.
        weights: {part: its weight}; a part of weight 0 is meant to do nothing.

    Returns:
        {kind: text}.
    """
    found = {}
    active = [name for name in shares if weights[name] != 0]
    for name in active if len(active) > 1 else ():
        share, text = shares[name], f"{name!r} (weight {weights[name]:.3g})"
        if share > MOST:
            found[f"most {name}"] = (
                f"The term {text} has {share:.0%} of the gradient norm: the other terms hardly "
                "count. Lower its weight, or raise theirs."
            )
        if share < LEAST:
            found[f"least {name}"] = (
                f"The term {text} has {share:.1%} of the gradient norm: it hardly counts. Raise "
                "its weight, or leave it out."
            )
    return found


def of_values(
    values: Sequence[str],
    layers: Mapping[str, tuple[str | None, ...]],
    broken_layer: str | None,
    place: str,
) -> str:
    """Says which term is not finite.

    Args:
        values: names of the parts whose value in the logs is not finite.
        layers: {term: (teacher's layer, student's layer)}.
        broken_layer: the student's first layer with weights that are not finite, or None.
        place: where in the training, in words.

    Returns:
        The text.
    """
    terms = []
    for name in values:
        teacher, student = layers.get(name, (None, None))
        between = f" between {teacher or 'output'!r} and {student or 'output'!r}"
        terms.append(f"{name!r}{between if name in layers else ''}")
    which = " and ".join(terms) or "the total"
    layer = f" The first layer of the student that holds such weights is {broken_layer!r}."
    return (
        f"NaN or infinity in {which}, {place}.{layer if broken_layer else ''} "
        "Lower the learning rate or the weight of the term; guidance.check looks at the inputs. "
        "keras.callbacks.TerminateOnNaN ends such a training."
    )
