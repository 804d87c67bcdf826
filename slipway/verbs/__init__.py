"""The verbs: Invoke's tasks, which alone print results and ask.

What a verb needs is imported when it is called, here and nowhere else: `inv --list` and completion then take little
more than Invoke itself.
"""
