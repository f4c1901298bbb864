"""The settings of each method: a new method adds its class here."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from sentcse.config.section import Number, Section


class MethodOptions(Section):
    """What every method has."""

    reads_generator: ClassVar[bool] = False
    """Whether the result depends on `generator`."""
    target: str = Field(alias="_target_", description="the LightningModule")
    temperature: Number = Field(0.05, gt=0, description="divides the cosines of InfoNCE")
    head: Literal["linear_tanh", "batchnorm", "none"] = Field("linear_tanh", description="projection head in training")
    projection_at_eval: bool = Field(False, description="keep the head at test time (published `--mlp_only_train` off)")
    gather: bool = Field(
        True, description="with several devices, compare the sentences of all of them; false: each device its own"
    )
    stay_near: Literal["weights", "similarities"] | None = Field(
        None,
        description="penalty on what training has changed: the backbone's weights (L2-SP), or the cosines of a batch's "
        "sentences; null: none",
    )
    stay_near_weight: Number = Field(0.01, ge=0, description="weight of that penalty")


class SimCSEOptions(MethodOptions):
    """SimCSE (Gao et al. 2021)."""

    hard_negative_weight: Number = Field(0.0, description="added to the logit of a sentence's own hard negative")
    mlm_weight: Number = Field(0.0, ge=0, description="weight of the masked-language-model term; 0: none")
    mlm_masking_ratio: Number = Field(0.15, gt=0, lt=1, description="share of tokens that the term predicts")


class DiffCSEOptions(MethodOptions):
    """DiffCSE (Chuang et al. 2022)."""

    reads_generator: ClassVar[bool] = True
    head: Literal["linear_tanh", "batchnorm", "none"] = Field("batchnorm", description="projection head in training")
    rtd_weight: Number = Field(0.005, ge=0, description="lambda, the weight of replaced token detection (a mean)")
    masking_ratio: Number = Field(0.30, gt=0, le=1, description="share of tokens that are masked for the generator")
    condition: Literal["after_head", "before_head"] = Field(
        "after_head", description="the discriminator reads the embedding after or before the projection head"
    )
    replace: Literal["every", "masked"] = Field(
        "every", description="positions that take the generator's prediction: every one as published, or masked ones"
    )
    prediction: Literal["argmax", "sample"] = Field("argmax", description="argmax as published, or as the paper says")
    sampling_temperature: Number = Field(1.0, gt=0, description="of sampled predictions")
    count_padding: bool = Field(False, description="average the RTD loss over padding as well, as the published code")
    padding_as_published: bool = Field(False, description="write id 0 at padding, which is not RoBERTa's padding id")
    discriminator_rows: Annotated[int, Field(ge=1)] | Literal["auto"] | None = Field(
        "auto",
        description="rows that the discriminator computes at a time, which bounds its memory; null: all; auto: 32 on a "
        "CPU, on a GPU all, or those of data.chunk",
    )


class MiCSEOptions(MethodOptions):
    """miCSE (Klein and Nabi 2023)."""

    alpha: Number = Field(1.0, gt=0, description="weight of InfoNCE")
    ami_weight: Number = Field(0.0005, ge=0, description="lambda, the weight of attention mutual information")
    ami_layers: list[Annotated[int, Field(ge=0)]] | None = Field(
        None, description="layers from 0; null: four, the last at 11/12 of the depth (7, 8, 9, 10 of 12)"
    )
    ami_samples: int = Field(150, ge=2, description="positions of a row that are compared")
    ami_pairing: Literal["parity", "per_layer"] = Field(
        "parity", description="parity: even layers in one row, odd ones in another, as published"
    )
    ami_minimum_support: int | None = Field(
        32, ge=2, description="positions that a row needs; null: ami_samples, or the poorest row's, as published"
    )
    count_padding: bool = Field(False, description="count the attention of padding queries too, as the published code")


class CustomMethodOptions(MethodOptions):
    """A method from outside the package: `sentcse.config.method_signature` compares its options with its signature."""

    reads_generator: ClassVar[bool] = True  # `Method.build` hands it over; nobody knows whether it is used
    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)


METHOD_OPTIONS: dict[str, type[MethodOptions]] = {
    "sentcse.methods.SimCSE": SimCSEOptions,
    "sentcse.methods.DiffCSE": DiffCSEOptions,
    "sentcse.methods.MiCSE": MiCSEOptions,
}
"""The options class of each `_target_`; any other target is a CustomMethodOptions."""


def method_names() -> tuple[str, ...]:
    """The methods of the package, in their order, as runs and tables call them."""
    return tuple(target.rpartition(".")[2].lower() for target in METHOD_OPTIONS)


def reads_generator(target: str) -> bool:
    """Whether the result of a method, named by its `_target_`, depends on `generator`."""
    return METHOD_OPTIONS.get(target, CustomMethodOptions).reads_generator


def _which_method(value: Any) -> str:
    target = value.get("_target_", "") if isinstance(value, dict) else getattr(value, "target", "")
    return target if isinstance(target, str) and target in METHOD_OPTIONS else "custom"


Method = Annotated[
    Annotated[SimCSEOptions, Tag("sentcse.methods.SimCSE")]
    | Annotated[DiffCSEOptions, Tag("sentcse.methods.DiffCSE")]
    | Annotated[MiCSEOptions, Tag("sentcse.methods.MiCSE")]
    | Annotated[CustomMethodOptions, Tag("custom")],
    Discriminator(_which_method),
]
