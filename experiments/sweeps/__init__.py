"""Many runs of one question: what to vary, where to run it, and how to keep what is finished."""
