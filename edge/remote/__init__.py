"""What people ask a gateway from afar: a picture, how it is, why it decided, to start anew."""
