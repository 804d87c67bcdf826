"""The verbs: Invoke's tasks, which alone print results and ask.

What a verb needs is imported when it is called, here and nowhere else: `inv --list` and completion then take little
more than Invoke itself.
"""

import sys

if not sys.flags.dont_write_bytecode:  # Invoke keeps no bytecode, and each verb would compile all that it imports anew
    sys.dont_write_bytecode = False
