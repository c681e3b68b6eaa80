"""`huleedu cj` with the real engine."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from huleedu_cli.main import app

ESSAYS = "ABCDEF"


def cj(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["cj", *map(str, arguments)])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Everybody against everybody; the earlier letter wins, but for neighbours that are alike."""
    path = tmp_path / "verdicts.csv"
    rows = [
        f"ann,{first},{second},{_winner(first, second)}"
        for first in ESSAYS
        for second in ESSAYS
        if first != second
    ]
    path.write_text("\n".join(["judge,first,second,winner", *rows]), encoding="utf-8")
    return path


def _winner(first: str, second: str) -> str:
    if abs(ord(first) - ord(second)) == 1:
        return "tie"
    return "first" if first < second else "second"


@pytest.mark.parametrize("estimator", ["variational", "map", "epsilon"])
def test_a_log_of_verdicts_becomes_a_ranking(log: Path, tmp_path: Path, estimator: str) -> None:
    output = tmp_path / "scores.json"
    result = cj("fit", log, "--estimator", estimator, "--output", output)
    assert result.exit_code == 0, result.output
    fitted = json.loads(output.read_text(encoding="utf-8"))
    assert [item["item"] for item in fitted["items"]] == list(ESSAYS)
    assert fitted["judges"][0]["verdicts"] == 30


def test_each_estimator_is_another(log: Path) -> None:
    estimators = ("variational", "map", "epsilon")
    results = [json.loads(cj("fit", log, "--estimator", name).stdout) for name in estimators]
    assert len({result["items"][0]["score"] for result in results}) == 3


def test_the_result_is_printed_where_no_output_is_named(log: Path) -> None:
    assert json.loads(cj("fit", log).stdout)["components"] == [list(ESSAYS)]


def test_grades_come_with_anchors(log: Path, tmp_path: Path) -> None:
    anchors = tmp_path / "grades.csv"
    anchors.write_text("item,grade\nA,A\nB,B\nC,C\nE,E\nF,F\n", encoding="utf-8")
    items = json.loads(cj("fit", log, "--anchors", anchors).stdout)["items"]
    assert {"grade", "probability", "probabilities"} <= set(items[3]["grades"])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("judge,first,second\n", "no column winner"),
        ("judge,first,second,winner\nann,a,b,left\n", "line 2: winner is 'left'"),
    ],
)
def test_a_mistake_in_the_log_is_told_with_its_place(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "verdicts.csv"
    path.write_text(text, encoding="utf-8")
    result = cj("fit", path)
    assert result.exit_code == 1
    assert complaint in " ".join(result.stderr.split())


def test_an_output_that_cannot_be_written_is_told(log: Path, tmp_path: Path) -> None:
    result = cj("fit", log, "--output", tmp_path / "none" / "scores.json")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr.replace("\n", " ")


SIMULATE = ("simulate", "--essays", 8, "--sigma", 1.5, "--rounds", 3, "--seeds", 2)


@pytest.mark.parametrize("pairing", ["random", "balanced", "swiss", "information"])
def test_a_simulation_has_its_means_for_each_round(pairing: str) -> None:
    rounds = json.loads(cj(*SIMULATE, "--pairing", pairing, "--json").stdout)["rounds"]
    assert [row["round"] for row in rounds] == [1, 2, 3]
    assert set(rounds[0]) == {
        "round",
        "comparisons_per_essay",
        "spearman",
        "true_reliability",
        "reported_reliability",
        "ssr",
        "coverage",
        "stopped",
    }


def test_every_option_of_a_simulation_matters() -> None:
    plain = cj(*SIMULATE, "--json").stdout
    assert cj(*SIMULATE, "--json").stdout == plain
    for option in (["--judge", "coin"], ["--order-effect", 2], ["--seed", 9], ["--seeds", 3]):
        assert cj(*SIMULATE, *option, "--json").stdout != plain


def test_a_simulation_is_a_table_for_people() -> None:
    lines = cj(*SIMULATE).stdout.splitlines()
    assert [line.split()[0] for line in lines[-3:]] == ["1", "2", "3"]


@pytest.mark.parametrize("wrong", [("--essays", 1), ("--sigma", "nan"), ("--order-effect", "inf")])
def test_a_simulation_that_cannot_be_is_refused(wrong: tuple[str, object]) -> None:
    result = cj(*SIMULATE, *wrong)
    assert result.exit_code == 1
    assert "simulation" in result.stderr
