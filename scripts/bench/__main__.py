"""`pdm run bench SUBJECT [...]`: measure one engine and print each figure beside its target."""

import argparse
import pkgutil
from importlib import import_module
from pathlib import Path


def main() -> None:
    subjects = sorted(
        module.name
        for module in pkgutil.iter_modules([str(Path(__file__).parent)])
        if not module.name.startswith("_")
    )
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("subject", choices=subjects)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="see: bench SUBJECT --help")
    chosen = parser.parse_args()
    import_module(f"scripts.bench.{chosen.subject}").main(chosen.arguments)


if __name__ == "__main__":
    main()
