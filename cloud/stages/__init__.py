"""The batch path over an archive of pictures: validate, detect, threat, plot.

Each stage reads a folder and writes a folder, keeps no state, and gives the same bytes for the same
input. Admission, decoding, model and decision are those of the live path.
"""
