"""The cost of LP and of the bridge that it replaces, by arithmetic."""

import math

BYTES = 4  # of a float32


def cost(batch, teacher_shape, student_shape, replicas=1):
    """What one step costs: LP, and the fully connected bridge from the student to the teacher.

    LP compares all pairs of the global batch, on every replica: a product of the teacher's
    features with themselves, and one of the Laplacian with the student's. Each replica holds both
    sides' gathered features, their centred copies, one (n, n) matrix of distances and one
    Laplacian; it receives the other replicas' features, and the student's gradients in a ring sum,
    which takes twice as much. The bridge multiplies each sample of a replica with its weights once
    forward and twice backward; its gradient is as large as its weights, and summed in a ring.

    Args:
        batch: samples of a replica.
        teacher_shape: shape of a sample's teacher features.
        student_shape: shape of a sample's student features.
        replicas: devices that take part.

    Returns:
        dict of floats: bytes of memory on a replica, operations of a step on a replica (a
        multiplication and its addition count 2), and bytes that a replica receives from the others.
    """
    teacher, student = math.prod(teacher_shape), math.prod(student_shape)
    samples = batch * replicas
    others = samples - batch
    weights = BYTES * teacher * student
    return {
        "LP memory": BYTES * (2 * samples * (teacher + student) + 2 * samples**2),
        "LP operations": 2 * samples**2 * (teacher + student),
        "LP received": BYTES * others * (teacher + 3 * student),
        "bridge memory": 2 * weights,
        "bridge operations": 2 * 3 * batch * teacher * student,
        "bridge received": 2 * weights * (replicas - 1) / replicas,
    }
