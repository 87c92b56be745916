"""The product on this machine, without a site: cameras that play footage, and all of it around."""
