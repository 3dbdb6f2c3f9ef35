"""An app's view of a bundle: MediaPipe Tasks alone, in an environment without TensorFlow.

    python mediapipe_client.py classify|embed IMAGES.npz FILE.tflite ...

The .npz holds x, (n, height, width, 3) uint8. Prints one JSON object: for each file the index, the
name and the score of the first class of each image, or its embedding.
"""

import json
import sys

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision


def to_image(pixels):
    return mediapipe.Image(mediapipe.ImageFormat.SRGB, np.ascontiguousarray(pixels))


def embed(path, images):
    """Returns [embedding, ...] of one file."""
    options = vision.ImageEmbedderOptions(base_options=BaseOptions(model_asset_path=path))
    with vision.ImageEmbedder.create_from_options(options) as embedder:
        results = [embedder.embed(to_image(pixels)).embeddings[0].embedding for pixels in images]
    return [np.asarray(result).tolist() for result in results]


def classify(path, images):
    """Returns [(index, name, score), ...] of one file."""
    options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=path))
    with vision.ImageClassifier.create_from_options(options) as classifier:
        results = []
        for pixels in images:
            best = classifier.classify(to_image(pixels)).classifications[0].categories[0]
            results.append((best.index, best.category_name, best.score))
    return results


def main():
    verb = {"classify": classify, "embed": embed}[sys.argv[1]]
    pixels = np.load(sys.argv[2])["x"]
    print("RESULTS" + json.dumps({path: verb(path, pixels) for path in sys.argv[3:]}))


if __name__ == "__main__":
    main()
