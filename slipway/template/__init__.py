"""What `slipway new` writes: a service of one's own, made of the files of Slipway's own repository.

The standard library alone: it runs out of a wheel, before anything is installed, and while that wheel is built.
"""
