"""What the networks' output tensors mean: one module per family. PURE."""
