"""The `edgereason` command: click verbs over the library, one file a verb.

In: reading options, showing progress, printing, exit codes. Not in: anything a library user would miss.
Invariant: the answer alone goes to standard output; everything else goes to standard error.
"""
