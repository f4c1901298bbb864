"""What this machine's processor can do."""

from __future__ import annotations

import torch


def cpu_multiplies_bf16() -> bool:
    """Whether the processor has instructions for bf16 matrix products."""
    get_capabilities = getattr(torch.cpu, "get_capabilities", None)  # torch >= 2.10
    if get_capabilities is None:
        return False
    found = get_capabilities()
    return bool(found.get("amx_bf16", False) or found.get("avx512_bf16", False) or found.get("bf16", False))
