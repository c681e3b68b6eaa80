from common_core.http_models import BatchDeletion


def deleted(deletion: BatchDeletion) -> str:
    """What there is to say of a batch that was deleted, for teacher and auditor."""
    asked = f"This batch was deleted at {deletion.asked_at:%Y-%m-%d %H:%M:%S} UTC"
    if deletion.completed_at is not None:
        return f"{asked}; every service has forgotten it since {deletion.completed_at:%H:%M:%S}."
    names = ", ".join(name.removesuffix("_service") for name in deletion.waiting_for)
    return f"{asked}; still to forget it: {names}. They do as soon as they run."
