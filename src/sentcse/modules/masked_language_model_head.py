"""The vocabulary head of any Hugging Face masked language model, without its backbone."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


class MaskedLanguageModelHead(nn.Module):
    """Scores the vocabulary for states of a backbone, with the head that a Hugging Face masked language model has.

    Every architecture writes its head in its own way, so the whole model stays and only its backbone is replaced by
    one that hands the states through.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        setattr(model, model.base_model_prefix, _GivenStates())
        self.model = model

    def forward(self, states: Tensor) -> Tensor:
        """(predictions, width) states to (predictions, vocabulary) scores."""
        scores: Tensor = self.model(inputs_embeds=states.unsqueeze(0)).logits
        return scores.squeeze(0)

    @property
    def decoder(self) -> nn.Linear | None:
        """The last layer, which scores the vocabulary; None where the architecture has it in another form."""
        found = self.model.get_output_embeddings()
        return found if isinstance(found, nn.Linear) else None

    def before_decoder(self, states: Tensor, decoder: nn.Linear) -> Tensor:
        """(predictions, width) states as they reach the `decoder`, which scores none of them."""
        reached: list[Tensor] = []

        def keep(_module: nn.Module, inputs: tuple[Tensor]) -> Tensor:
            reached.append(inputs[0].squeeze(0))
            return inputs[0][:, :0]

        handle = decoder.register_forward_pre_hook(keep)
        try:
            self(states)
        finally:
            handle.remove()
        return reached[0]


class _GivenStates(nn.Module):
    def forward(self, *_: Any, inputs_embeds: Tensor, **__: Any) -> Any:
        from transformers.modeling_outputs import BaseModelOutput

        return BaseModelOutput(last_hidden_state=inputs_embeds)
