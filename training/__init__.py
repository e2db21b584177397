"""How every shipped weight file was made."""
