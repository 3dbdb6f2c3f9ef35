"""The pictures of docs/paper.md: what they are drawn from, and how."""
