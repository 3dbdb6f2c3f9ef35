"""Networks trained as they were published: the methods and settings of papers."""
