"""The spelling engine: pure and synchronous. Five names are all that others need."""

from .check import ENGINE_VERSION, check, suggest, warm_up
from .corrections import Correction, apply
from .phonetics import Language

__all__ = ["ENGINE_VERSION", "Correction", "Language", "apply", "check", "suggest", "warm_up"]
