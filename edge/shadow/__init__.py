"""An update is judged by recent frames before it comes into force: in a process of its own."""
