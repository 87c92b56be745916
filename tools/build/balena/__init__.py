"""Makes what balena needs: Dockerfiles by its names, and the folder to push."""
