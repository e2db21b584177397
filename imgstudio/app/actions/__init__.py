"""Everything a person can ask for, as data."""
