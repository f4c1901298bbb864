"""What the commands share: composing, faults as sentences, exit codes."""
