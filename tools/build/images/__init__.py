"""Builds the container images from a bare base, and the engine and registry around them.

`inside/` runs within a build, with nothing but the base's own Python; the rest runs here. All lies
under one scratch folder, and what is changed on the machine is undone. For a machine with an engine
of its own, `docker build -f Dockerfile.amd64 .` is enough; docs/images.md.
"""
