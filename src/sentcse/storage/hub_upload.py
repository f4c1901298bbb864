"""An exported encoder, out to the model hub."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePath

from sentcse.errors import SentcseError
from sentcse.machine.files import first_line
from sentcse.machine.hub import hub_endpoint, hub_is_reachable, is_offline_by_choice
from sentcse.storage.model_card import HUB_NAME
from sentcse.storage.parts import EncoderParts


def push_to_hub(folder: Path, name: str, *, private: bool) -> str:
    """Upload a folder, its model card included, in one commit; what lies there beside its files stays.

    Args:
        folder: as `sentcse.storage.saving.save_encoder` writes it.
        name: OWNER/NAME; made if there is no such repository.
        private: make it private; one that is there and public is refused.

    Returns:
        the repository's address.

    Raises:
        SentcseError: if the hub is switched off or out of reach, nobody is logged in, or the hub refuses. The folder
            stays as it is.
    """
    from huggingface_hub import HfApi, get_token

    later = f"{folder} is whole: push it by hf upload {name} {folder}"
    if is_offline_by_choice():
        raise SentcseError(f"The hub is switched off (HF_HUB_OFFLINE), so that nothing was pushed. {later}.")
    if get_token() is None:
        raise SentcseError(
            "Nobody is logged in at the hub, so that nothing was pushed: log in by hf auth login, or set HF_TOKEN. "
            f"{later}."
        )
    if not hub_is_reachable():
        raise SentcseError(f"The hub ({hub_endpoint()}) cannot be reached, so that nothing was pushed. {later}.")
    api = HfApi()
    try:
        api.create_repo(name, private=private, exist_ok=True)
        public = private and not api.repo_info(name).private
        if not public:
            api.upload_folder(repo_id=name, folder_path=folder, commit_message="Export of sentcse")
    except Exception as error:  # what the hub, the network and the library between them can say is anything
        raise SentcseError(f"The hub did not take {name}: {first_line(error)}. {later}.") from error
    if public:
        raise SentcseError(
            f"{name} is there and public, so that nothing was pushed with private=true: make it private on the hub, or "
            f"name another. {later}."
        )
    return f"{hub_endpoint()}/{name}"


def without_local_paths(encoder: EncoderParts) -> EncoderParts:
    """The encoder with its base model by its last name, where that is a folder of this machine: others will read it."""
    base = encoder.provenance.get("base_model")
    if base is None or HUB_NAME.fullmatch(str(base)) is not None:
        return encoder
    return replace(encoder, provenance={**encoder.provenance, "base_model": PurePath(str(base)).name})
