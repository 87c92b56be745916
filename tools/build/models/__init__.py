"""Rebuilds the shipped detection models from published weights, and checks what is shipped."""
