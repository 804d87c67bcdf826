"""Take a project that exists: what it is, what Slipway needs to be told of it, and writing that down."""
