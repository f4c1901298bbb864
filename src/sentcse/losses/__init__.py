"""The mathematics of the objectives: pure functions of tensors, without parameters or state."""

from __future__ import annotations

from sentcse.losses.attention_mutual_information import (
    AttentionMutualInformation,
    InformationSums,
    attention_mutual_information,
    information_sums,
    mean_information,
)
from sentcse.losses.info_nce import info_nce_loss
from sentcse.losses.replaced_token_detection import (
    ReplacedTokenAccuracy,
    edit_tokens,
    replaced_token_accuracy,
    replaced_token_counts,
    replaced_token_detection_loss,
    replaced_token_labels,
)
from sentcse.losses.staying_near import similarity_distance, weight_distance

__all__ = [
    "AttentionMutualInformation",
    "InformationSums",
    "ReplacedTokenAccuracy",
    "attention_mutual_information",
    "edit_tokens",
    "info_nce_loss",
    "information_sums",
    "mean_information",
    "replaced_token_accuracy",
    "replaced_token_counts",
    "replaced_token_detection_loss",
    "replaced_token_labels",
    "similarity_distance",
    "weight_distance",
]
