"""The command `slipway`: what makes a project, and what changes how a project has Slipway."""
