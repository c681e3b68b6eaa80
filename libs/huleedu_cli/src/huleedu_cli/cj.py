"""`huleedu cj`: comparative judgement without the stack."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from huleedu_cli.clone import need_services
from huleedu_cli.problem import Problem, told

cj = typer.Typer(no_args_is_help=True, help="Comparative judgement without the stack.")


class Estimator(StrEnum):
    VARIATIONAL = "variational"
    MAP = "map"
    EPSILON = "epsilon"


class Pairing(StrEnum):
    RANDOM = "random"
    BALANCED = "balanced"
    SWISS = "swiss"
    INFORMATION = "information"


class Judge(StrEnum):
    BRADLEY_TERRY = "bt"
    COIN = "coin"


@cj.command()
def fit(
    verdicts: Annotated[
        Path,
        typer.Argument(
            help="CSV file: judge, first, second, winner (first, second or tie), and optionally"
            " degree (1 or 2), weight, id.",
            metavar="VERDICTS.csv",
        ),
    ],
    anchors: Annotated[
        Path | None, typer.Option(help="CSV file with known grades: item, grade.")
    ] = None,
    estimator: Annotated[
        Estimator, typer.Option(help="How scores are estimated.")
    ] = Estimator.VARIATIONAL,
    output: Annotated[
        Path | None, typer.Option(help="File for the result; it is printed when not given.")
    ] = None,
) -> None:
    """Fit scores to a log of verdicts; the result is JSON."""
    with told():
        need_services()
        # Here, so that help and mistakes are answered at once.
        from services.cj_assessment_service.alone import LogError, fit_csv  # noqa: PLC0415

        with told(LogError):
            result = fit_csv(verdicts, anchors, estimator.value)
        _give(result, output)


@cj.command()
def simulate(  # noqa: PLR0913 - each is an option of the command
    *,
    essays: Annotated[int, typer.Option(help="How many essays.")],
    sigma: Annotated[float, typer.Option(help="Standard deviation of their true scores.")],
    rounds: Annotated[int, typer.Option(help="Rounds; each essay is compared once in each.")],
    pairing: Annotated[Pairing, typer.Option(help="How pairs are chosen.")] = Pairing.INFORMATION,
    judge: Annotated[
        Judge, typer.Option(help="bt: by the difference of the scores; coin: by chance.")
    ] = Judge.BRADLEY_TERRY,
    order_effect: Annotated[
        float, typer.Option(help="Advantage of the text that is shown first.")
    ] = 0.0,
    seeds: Annotated[int, typer.Option(help="How many sessions to take the mean of.")] = 20,
    seed: Annotated[int, typer.Option(help="The first seed.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """Tell what sessions with a known truth cost, and how far their numbers can be believed."""
    with told():
        need_services()
        from services.cj_assessment_service.alone import LogError, simulation  # noqa: PLC0415
        from services.cj_assessment_service.domain.simulate import Setting  # noqa: PLC0415

        setting = Setting(
            essays=essays,
            sigma=sigma,
            rounds=rounds,
            pairing=pairing.value,
            judge=judge.value,
            order_effect=order_effect,
        )
        with told(LogError):
            result = simulation(setting, seeds, seed)
        if as_json:
            _give(result, None)
        else:
            Console().print(_table(result["rounds"]))


def _give(result: dict[str, Any], output: Path | None) -> None:
    text = json.dumps(result, ensure_ascii=False, indent=2, allow_nan=False)
    if output is None:
        typer.echo(text)
        return
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Problem(f"{output} cannot be written: {error.strerror}.") from error


def _table(rounds: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in rounds[0]:
        table.add_column(column.replace("_", " "), justify="right")
    for row in rounds:
        table.add_row(
            *(f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row.values())
        )
    return table
