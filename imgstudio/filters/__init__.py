"""What a filter is, and the filters that ship."""
