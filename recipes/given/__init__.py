"""What flags name, found or refused: data sets, networks, teachers."""
