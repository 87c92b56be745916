"""What people look at: a replay as a video with everything drawn, and as a page."""
