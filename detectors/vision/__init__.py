"""What all families may use: shipped networks, sharpness, faces."""
