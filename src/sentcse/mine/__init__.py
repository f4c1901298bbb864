"""Hard negatives out of one's own texts: pairs read or searched, negatives mined; the door is `__main__`."""
