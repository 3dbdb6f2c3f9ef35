"""CITATION.cff: the version of the package, and the paper by its numbers and authors."""

import pathlib

import yaml

import tf_lpdistill

CITATION = yaml.safe_load((pathlib.Path(__file__).parents[1] / "CITATION.cff").read_text())


def test_it_cites_this_version():
    assert CITATION["cff-version"] == "1.2.0"
    assert (CITATION["title"], CITATION["version"]) == ("tf_lpdistill", tf_lpdistill.__version__)


def test_it_prefers_the_paper():
    paper = CITATION["preferred-citation"]
    assert paper["title"] == "Learning Student Networks via Feature Embedding"
    authors = [f"{author['given-names']} {author['family-names']}" for author in paper["authors"]]
    assert authors == ["Hanting Chen", "Yunhe Wang", "Chang Xu", "Chao Xu", "Dacheng Tao"]
    assert paper["doi"] == "10.1109/TNNLS.2020.2970494"
    assert paper["identifiers"][0]["value"] == "arXiv:1812.06597"
