"""A parcel in one picture: where it is, whether it is a flat mailer, how its axes lie."""
