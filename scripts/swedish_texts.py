"""Put Swedish texts together for the spelling engine, which counts the sequences of their words.

    python scripts/swedish_texts.py FILE...
    xzcat services/spellchecker_service/domain/swedish_texts.txt.xz

The texts have a paragraph a line. A paragraph that occurs twice is kept once.
"""

import argparse
import lzma
from pathlib import Path

TARGET = "services/spellchecker_service/domain/swedish_texts.txt.xz"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--target", type=Path, default=Path(TARGET))
    given = parser.parse_args()
    texts = "\n".join(file.read_text(encoding="utf-8") for file in given.files)
    paragraphs = dict.fromkeys(
        line for each in texts.split("\n") if (line := " ".join(each.split()))
    )
    given.target.write_bytes(
        lzma.compress("".join(f"{each}\n" for each in paragraphs).encode(), preset=9)
    )
    words = sum(len(each.split()) for each in paragraphs)
    print(f"{words} words in {given.target}")


if __name__ == "__main__":
    main()
