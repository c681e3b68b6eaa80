"""Who is in the class, as far as the names of the files tell."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath

_WORD = re.compile(r"[A-ZÅÄÖ]?[^\W\d_A-ZÅÄÖ]+(?:['’-][^\W\d_]+)*|[^\W\d_]+")
_SHORTEST = 2


def names_in(file_names: Iterable[str]) -> tuple[str, ...]:
    """The words of the file names, `AnnaSvensson.docx` or `svensson_anna.txt`, in lower case.

    A word in most of the names (`essay`, `9b`) is no pupil's. Which words are names is left to
    whoever knows the language.
    """
    files = [
        {
            word.lower()
            for word in _WORD.findall(unicodedata.normalize("NFC", PurePath(name).stem))
            if len(word) >= _SHORTEST
        }
        for name in file_names
    ]
    found = Counter(word for words in files for word in words)
    return tuple(sorted(word for word in found if found[word] == 1 or found[word] * 2 < len(files)))
