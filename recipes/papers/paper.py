"""The methods of the LP paper's experiments, set as in the FitNets paper that it follows.

KD and FitNets as in `stages.fitnets`: temperature 3, its weight falling from 4 to 1 (divided by
3^2, since the papers' cross-entropy has no factor T^2). k = 5 as in two public implementations of
LP; its weight and its layer are not known: ours. The weight is the best of 0.0001, 0.001 and 0.01
on validation images of MNIST (2,000 labels, one seed). At 0.1 half of the answers were lost: maxout
features are large, and nothing normalises them.
"""

import stages
from comparing.method import Method, MethodTerm

_KD = MethodTerm("soft_target", stages.falling_weight, arguments={"temperature": 3.0})
_LP = MethodTerm("locality_preserving", 0.001, "features", {"num_neighbors": 5})

METHODS = {
    "alone": Method("Student alone"),
    "kd": Method("KD", (_KD,)),  # Eq. 2
    "fitnet": Method("FitNet (two stages)", stages=stages.fitnets),  # Eq. 3, then Eq. 2
    "lp": Method("LP", (_LP,)),  # Eq. 7
    "kd_lp": Method("KD + LP", (_KD, _LP)),  # Eq. 8
}
