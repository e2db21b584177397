"""The Train workspace: what to train and how, how it goes, what came out."""
