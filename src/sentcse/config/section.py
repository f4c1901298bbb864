"""What every part of the schema is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Number = Annotated[float, Field(allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """A group of settings: unknown keys are refused, values do not change once checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
