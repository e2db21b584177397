"""Learning classes while a person labels: what a view looks like, a small classifier, and how sure it is."""
