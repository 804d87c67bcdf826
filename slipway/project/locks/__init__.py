"""A reader for each kind of lock file; the standard library alone, as the launcher reads one before anything else."""
