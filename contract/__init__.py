"""What edge and cloud say to each other: messages, topics, keys. Imports nothing of ours."""
