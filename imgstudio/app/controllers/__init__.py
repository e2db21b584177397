"""Join core objects to panels."""
