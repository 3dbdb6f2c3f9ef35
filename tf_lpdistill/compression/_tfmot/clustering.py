"""Weight sharing by tensorflow-model-optimization."""

from tf_lpdistill.compression._tfmot import layers
from tf_lpdistill.compression._tfmot.bridge import bring_back
from tf_lpdistill.compression._tfmot.loop import train
from tf_lpdistill.compression._tfmot.packages import load

# As in pruning: kernels within a channel lose too much by being shared.
_KINDS = ("Conv1D", "Conv2D", "Conv2DTranspose", "Dense", "SeparableConv2D")
_PREFIX = "cluster_"


def cluster(bridged, training, num_clusters, preserve_sparsity):
    """Trains the bridged student with few distinct weights a kernel, and brings them back.

    Args:
        bridged: a `Bridged`, whose student is changed.
        training: a `Training`.
        num_clusters: distinct values a kernel.
        preserve_sparsity: whether the zeros of the kernels stay.
    """
    tf_keras, tfmot = load()
    settings = {
        "number_of_clusters": num_clusters,
        "cluster_centroids_init": tfmot.clustering.keras.CentroidInitialization.KMEANS_PLUS_PLUS,
        "preserve_sparsity": preserve_sparsity,
    }

    def wrapped(layer):
        few = layer.count_params() <= num_clusters
        if type(layer).__name__ not in _KINDS or few:
            return layer
        return tfmot.clustering.keras.cluster_weights(layer, **settings)

    with layers.scope():
        model = tf_keras.models.clone_model(bridged.model, clone_function=wrapped)
    title = f"cluster to {num_clusters}" + ", zeros kept" * preserve_sparsity
    train(model, bridged, training, _PREFIX, title)
    with layers.scope():
        stripped = tfmot.clustering.keras.strip_clustering(model)
    bring_back(bridged, lambda name: stripped.get_layer(name).get_weights())
