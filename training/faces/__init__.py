"""How the face detector's weights come into the form that the product reads."""
