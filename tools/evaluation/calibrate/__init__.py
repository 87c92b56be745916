"""From which score does the full model confirm? Measured on one half of labelled stills."""
