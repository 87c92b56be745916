"""What runs within a build, on the base's own Python: nothing may be imported but its library."""
