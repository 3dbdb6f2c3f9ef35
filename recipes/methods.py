"""The table of methods that recipes compare: losses, layers by role, weights and their source.

Weights hold for our losses: means over samples and entries, LP's a sum over neighbours and entries.
"RepDistiller" (HobbitLong) and "mdistiller" (megvii-research) are public collections whose settings
were read; a docstring is that of the loss; "ours" marks a weight for which no source is known.
Nothing is tuned on the data that you compare on, and published weights were chosen for other data:
read a method that fails with that in mind.
"""

import stages
from comparing.method import Method, MethodTerm, where_it_fits
from tf_lpdistill import losses
from tf_lpdistill.losses.base import snake_case
from tf_lpdistill.losses.feature_overhaul import batch_norm_margin


def _one(title, loss, weight, role="outputs", label_weight=1.0, **arguments):
    return Method(title, (MethodTerm(loss, weight, role, arguments),), label_weight)


def _margin(job):
    """OFD's margin from the BatchNormalization that feeds the ReLU, as the authors compute it."""
    layer = job.teacher.get_layer(job.layers.pair("preactivation")[0])
    try:
        return {"margin": batch_norm_margin(layer)}
    except ValueError:
        return {}  # another layer: the loss then takes the batch's own mean


def _memory(job):
    """CRD's memory holds every labelled image."""
    number = job.num_samples
    return {"num_samples": number, "num_negatives": min(16384, number - 1)}


def _sum(factor, role):
    """The weight of a mean for `factor` times the published sum over entries."""
    return lambda job: factor * job.layers.entries(role)


# Both weights from recipes/study.py (docs/results/locality.md): ours.
_LP = MethodTerm("locality_preserving", 0.03, "features", {"num_neighbors": 5})
_KD = MethodTerm("soft_target", 0.5, arguments={"temperature": 4.0})
_DISTANCE = MethodTerm("relational_distance", 25.0, "features")
_ANGLE = MethodTerm("relational_angle", 50.0, "features")

_ROWS = {
    "alone": Method("Student alone"),
    # Temperature 4, 0.1 of the labels, 0.9 of KD: RepDistiller, mdistiller.
    "soft_target": _one("KD", "soft_target", 0.9, label_weight=0.1, temperature=4.0),
    # k 5 as in two public implementations.
    "locality_preserving": Method("LP", (_LP,)),
    # With the labels at 1.
    "kd_lp": Method("KD + LP", (_KD, _LP)),
    # One stage, 100 times the mean squared difference, of which the loss is the half: RepDistiller.
    "hint": _one("Hint", "hint", 200.0, "middle"),
    "fitnets_two_stages": Method("FitNets (two stages)", stages=stages.fitnets),
    # The weight is not known: ours.
    "pairwise_distance": _one("RDL", "pairwise_distance", 1.0, "features"),
    # The official code's 1000, a mean of squares.
    "attention_transfer": _one("AT", "attention_transfer", 1000.0, "maps"),
    # Public code (RepDistiller): 50.
    "neuron_selectivity": _one("NST", "neuron_selectivity", 50.0, "maps"),
    # Public code: 50, a mean over entries.
    "solution_flow": Method("FSP", (MethodTerm("solution_flow", 50.0, stages.neighbours),)),
    "fsp_two_stages": Method("FSP (two stages)", stages=stages.solution_flow),
    # Weight and discriminator are not known: ours.
    "adversarial_feature": _one("Adversarial", "adversarial_feature", 0.1, "features"),
    # Weight and margin are not known: ours.
    "relative_dissimilarity": _one(
        "Relative dissimilarity", "relative_dissimilarity", 1.0, "features"
    ),
    # RepDistiller: 3000.
    "similarity_preserving": _one("SP", "similarity_preserving", 3000.0, "maps"),
    # RepDistiller: 25 and 50, together.
    "relational_distance": Method("RKD distances", (_DISTANCE,)),
    "relational_angle": Method("RKD angles", (_ANGLE,)),
    "rkd": Method("RKD", (_DISTANCE, _ANGLE)),
    # RepDistiller: 30000, a mean over b^2 entries.
    "probabilistic_transfer": _one("PKT", "probabilistic_transfer", 30000.0, "features"),
    # RepDistiller's 0.02 belongs to another loss: ours.
    "correlation_congruence": _one("CC", "correlation_congruence", 10.0, "features"),
    # Public code weights both of its terms by 5, see the docstring.
    "instance_relation_graph": _one("IRG", "instance_relation_graph", 5.0, "review"),
    # RepDistiller: 0.8, 16384 negatives; of fewer images, as many as there are others.
    "contrastive_representation": Method(
        "CRD", (MethodTerm("contrastive_representation", 0.8, "features", _memory),)
    ),
    # Public code: 1, a mean over entries.
    "variational_information": _one("VID", "variational_information", 1.0, "maps"),
    # The authors' 3/1000 of a sum over entries, last layer, see the docstring.
    "activation_boundary": _one(
        "AB", "activation_boundary", _sum(0.003, "preactivation"), "preactivation"
    ),
    "ab_two_stages": Method("AB (two stages)", stages=stages.activation_boundary),
    # The authors' 500, see the docstring.
    "factor_transfer": _one("FT", "factor_transfer", stages.factor_weight, "maps"),
    "ft_two_stages": Method("FT (two stages)", stages=stages.factor_transfer),
    # The authors' 1/1000 of a sum over entries, last layer, see the docstring.
    "feature_overhaul": Method(
        "OFD",
        (MethodTerm("feature_overhaul", _sum(0.001, "preactivation"), "preactivation", _margin),),
    ),
    # At most 5 over all pairs in the authors' code, here 1 a pair and no warm-up: ours.
    "knowledge_review": _one(
        "ReviewKD", "knowledge_review", lambda job: len(job.layers.pair("review")[0]), "review"
    ),
    # Alpha 1, beta 8, temperature 4: the authors, on CIFAR-100; without their warm-up.
    "decoupled_soft_target": _one("DKD", "decoupled_soft_target", 1.0),
    # Both weights 1, temperature 4: the authors, on CIFAR-100.
    "class_relations": _one("DIST", "class_relations", 1.0, temperature=4.0),
}


def complete(rows):
    """Adds the losses that no row has: each at its defaults, with weight 1, where it fits."""
    named = {term.loss for method in rows.values() for term in method.terms}
    classes = {snake_case(name): name for name in losses.__all__ if name not in ("Loss", "get")}
    others = {key: name for key, name in classes.items() if key not in named}
    return rows | {key: _one(name, key, 1.0, where_it_fits(key)) for key, name in others.items()}


METHODS = complete(_ROWS)


def select(names, table=METHODS):
    """Finds the methods that `--methods` lists.

    Args:
        names: list of keys; "all" stands for all.
        table: {key: `Method`}, "alone" among them.

    Returns:
        {key: `Method`} in the order of the table, "alone" first and always there.

    Raises:
        ValueError: for a name that the table does not have, or none at all.
    """
    unknown = [name for name in names if name not in table and name != "all"]
    if unknown or not names:
        raise ValueError(
            f"--methods must be 'all' or list some of {', '.join(table)}. "
            f"Received: {', '.join(unknown) or 'nothing'}"
        )
    return {
        key: method
        for key, method in table.items()
        if key == "alone" or "all" in names or key in names
    }
