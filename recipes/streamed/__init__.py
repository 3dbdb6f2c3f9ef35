"""Images that are read from disk while recipes/imagenet.py trains on them, and its networks."""
