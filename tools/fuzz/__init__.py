"""Hostile bytes against everything that reads bytes: `python -m tools.fuzz --seconds 60`.

Mutators know the structures that they damage, so that what they make gets past the first check and
deep into decoders and models. They are seeded: the same seed makes the same inputs, whatever the
machine. Each input is held against limits of CPU time and memory of its own, in processes that may
die. Guidance by coverage is not had: what it could see is the Python, while the killers sit in
OpenCV, libjpeg, zlib and pydantic-core, which are not instrumented in any wheel.
"""
