from pathlib import Path

import numpy as np
import pytest

from services.cj_assessment_service.alone import Estimator, LogError, fit_csv, simulation
from services.cj_assessment_service.domain.simulate import Setting
from services.cj_assessment_service.tests.unit.sessions import session

HEAD = "judge,first,second,winner\n"


def log(path: Path, rows: str, head: str = HEAD) -> Path:
    path.write_text(head + rows, encoding="utf-8")
    return path


def rows(n: int = 12, rounds: int = 10) -> list[str]:
    _, verdicts = session(n, rounds, judges=2)
    return [f"{v.judge},essay {v.first},essay {v.second},{v.winner}\n" for v in verdicts]


@pytest.mark.parametrize("estimator", ["variational", "map", "epsilon"])
def test_a_log_becomes_scores_in_the_fixed_format(tmp_path: Path, estimator: Estimator) -> None:
    result = fit_csv(log(tmp_path / "log.csv", "".join(rows())), estimator=estimator)
    assert set(result) == {
        "items",
        "sigma",
        "reliability",
        "concordance",
        "ssr",
        "judges",
        "components",
    }
    assert [set(item) for item in result["items"]] == [
        {"item", "score", "standard_error", "rank"}
    ] * 12
    assert [item["rank"] for item in result["items"]] == list(range(1, 13))
    assert set(result["judges"][0]) == {
        "judge",
        "verdicts",
        "order_effect",
        "order_effect_se",
        "slope",
        "infit",
        "z",
    }
    assert sum(judge["verdicts"] for judge in result["judges"]) == 60
    assert [len(component) for component in result["components"]] == [12]


@pytest.mark.parametrize("estimator", ["variational", "map", "epsilon"])
def test_a_single_verdict_is_enough_for_scores(tmp_path: Path, estimator: Estimator) -> None:
    result = fit_csv(log(tmp_path / "log.csv", "ann,a,b,first\n"), estimator=estimator)
    assert [item["item"] for item in result["items"]] == ["a", "b"]


def test_the_order_of_the_rows_does_not_matter(tmp_path: Path) -> None:
    forwards = fit_csv(log(tmp_path / "a.csv", "".join(rows())))
    assert fit_csv(log(tmp_path / "b.csv", "".join(reversed(rows())))) == forwards


def test_degree_weight_and_id_are_read_where_given(tmp_path: Path) -> None:
    head = "judge,first,second,winner,degree,weight,id\n"
    result = fit_csv(
        log(tmp_path / "log.csv", "ann,a,b,first,2,1.5,x\nann,a,b,first,2,1.5,x\n", head)
    )
    assert result["judges"][0]["verdicts"] == 1.5


def test_grades_come_with_anchors(tmp_path: Path) -> None:
    verdicts = log(tmp_path / "log.csv", "".join(rows()))
    best_first = [item["item"] for item in fit_csv(verdicts)["items"]]
    given = zip((best_first[place] for place in (0, 3, 6, 9, 11)), "ACDEF", strict=True)
    anchors = log(tmp_path / "g.csv", "".join(f"{i},{g}\n" for i, g in given), "item,grade\n")
    items = fit_csv(verdicts, anchors)["items"]
    assert items[0]["grades"]["grade"] in "AB"
    assert items[-1]["grades"]["grade"] in "EF"
    assert sum(items[5]["grades"]["probabilities"].values()) == pytest.approx(1)


def test_numbers_are_a_scale_of_their_own(tmp_path: Path) -> None:
    verdicts = log(tmp_path / "log.csv", "".join(rows()))
    best_first = [item["item"] for item in fit_csv(verdicts)["items"]]
    given = zip((best_first[place] for place in (0, 4, 8, 11)), (10, 9, 5, 2), strict=True)
    anchors = log(tmp_path / "g.csv", "".join(f"{i},{g}\n" for i, g in given), "item,grade\n")
    probabilities = fit_csv(verdicts, anchors)["items"][0]["grades"]["probabilities"]
    assert list(probabilities) == ["2", "5", "9", "10"]


def test_refused_grades_say_why(tmp_path: Path) -> None:
    verdicts = log(tmp_path / "log.csv", "".join(rows()))
    result = fit_csv(verdicts, log(tmp_path / "g.csv", "essay 1,A\n", "item,grade\n"))
    assert "at least 4" in result["grades_refused"]
    assert "grades" not in result["items"][0]


def test_a_log_that_always_names_the_winner_first_is_not_an_order_effect(tmp_path: Path) -> None:
    _, verdicts = session(12, 12)
    winners = [
        (v.first, v.second) if v.winner == "first" else (v.second, v.first) for v in verdicts
    ]
    text = "".join(f"ann,{won},{lost},first\n" for won, lost in winners)
    result = fit_csv(log(tmp_path / "log.csv", text))
    assert abs(result["judges"][0]["order_effect"]) < 0.6
    assert result["reliability"] > 0.6


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("judge,first,second\nann,a,b\n", "no column winner"),
        (HEAD + "ann,a,b,left\n", "line 2: winner is 'left'"),
        (HEAD + "ann,a,a,first\n", "line 2: 'a' is compared with itself"),
        (HEAD + "ann,a,b,first\nann,a,,first\n", "line 3: second is empty"),
        ("judge,first,second,winner,degree\nann,a,b,first,3\n", "degree is '3'"),
        ("judge,first,second,winner,weight\nann,a,b,first,heavy\n", "weight is 'heavy'"),
        ("", "no column"),
    ],
)
def test_a_bad_log_is_refused_with_file_and_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LogError, match=complaint) as refusal:
        fit_csv(path)
    assert "log.csv" in str(refusal.value)


def test_files_that_are_missing_or_not_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"none\.csv"):
        fit_csv(tmp_path / "none.csv")
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(LogError, match="UTF-8"):
        fit_csv(tmp_path / "picture.csv")


def test_an_empty_log_gives_an_empty_result(tmp_path: Path) -> None:
    result = fit_csv(log(tmp_path / "log.csv", ""))
    assert (result["items"], result["components"], result["judges"]) == ([], [], [])
    assert result["reliability"] == 0


def test_a_simulation_reports_each_round_in_the_fixed_format() -> None:
    result = simulation(Setting(16, 2.0, 4), seeds=2)
    assert [set(round_) for round_ in result["rounds"]] == [
        {
            "round",
            "comparisons_per_essay",
            "spearman",
            "true_reliability",
            "reported_reliability",
            "ssr",
            "coverage",
            "stopped",
        }
    ] * 4
    spearman = [round_["spearman"] for round_ in result["rounds"]]
    assert spearman[-1] > spearman[0]
    assert simulation(Setting(16, 2.0, 4), seeds=2) == result
    assert np.isfinite([list(round_.values()) for round_ in result["rounds"]]).all()


def test_a_simulated_coin_orders_nothing() -> None:
    last = simulation(Setting(16, 2.0, 5, judge="coin"), seeds=3)["rounds"][-1]
    assert last["true_reliability"] < 0.3
    assert last["stopped"] == 0


def test_a_simulation_without_essays_is_refused() -> None:
    with pytest.raises(LogError, match="two essays"):
        simulation(Setting(1, 2.0, 5))
