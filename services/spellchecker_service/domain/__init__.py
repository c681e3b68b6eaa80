"""The spelling engine: pure and synchronous. These names are all that others need."""

from .check import check, suggest, warm_up
from .corrections import Correction, apply
from .glossary import names_in_class, words_of_assignment
from .phonetics import Language
from .version import engine_version

__all__ = [
    "Correction",
    "Language",
    "apply",
    "check",
    "engine_version",
    "names_in_class",
    "suggest",
    "warm_up",
    "words_of_assignment",
]
