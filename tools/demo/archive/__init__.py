"""The batch path over a folder of pictures on this machine."""
