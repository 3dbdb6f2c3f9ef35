"""What a history tells of the terms and of what was watched."""

import re

from tf_lpdistill.report import load_run
from tf_lpdistill.report.sections import terms, watched

HEAD = (
    "method,seed,epoch,loss,val_accuracy,soft_target,weight/soft_target,share/soft_target,"
    "share/student_loss,student_norm,student_spread,effective_rank,neighbor_overlap\n"
)


def titles(markup):
    return re.findall("<figcaption>([^<]*)", markup)


def test_shares_and_health_have_panels_of_their_own(run_dir):
    lines = ["alone,0,1,1,0.5,,,,,,,,\n"]
    lines += [f"kd,0,{e},1,0.5,2,0.1,0.{e},0.{9 - e},4,{e},7,0.4\n" for e in range(1, 6)]
    (run_dir / "history.csv").write_text(HEAD + "".join(lines))
    run = load_run(run_dir)
    assert titles(terms.render(run)) == ["Loss", "Soft target"]
    markup = watched.render(run)
    assert titles(markup) == [
        "Share of soft target", "Share of student loss", "Neighbours kept", "Effective rank",
        "Spread",
    ]  # fmt: skip
    assert re.findall(r"</i>(.*?)</li>", markup) == ["KD"], "nobody watched the student alone"


def test_a_history_without_a_watch_has_no_such_section(run_dir):
    assert watched.render(load_run(run_dir)) is None
    (run_dir / "history.csv").unlink()
    assert watched.render(load_run(run_dir)) is None
