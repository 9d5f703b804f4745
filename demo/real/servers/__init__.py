"""Real inference servers from their wheels: where they are, and how they are started."""
