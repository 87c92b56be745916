"""Home Assistant finds the gateway and its cameras by itself, over the site's broker."""
