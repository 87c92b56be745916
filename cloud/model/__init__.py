"""The networks that confirm: one or several, from pictures to detections."""
