"""What disturbs cameras, each a scene of its own in which nobody is."""
