"""Every sentence for people, and its translations."""
