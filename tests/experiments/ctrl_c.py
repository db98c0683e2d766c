import signal


def hear_ctrl_c() -> None:
    """Let a child end on Ctrl-C even where the tests themselves run in the background, deaf to it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
