"""The verbs: what they print, and what they ask."""
