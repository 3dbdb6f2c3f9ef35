"""No code block of the pages is left untried, and the files that they name are there."""

import re

import pytest
import yaml

from tests.pages import KINDS, PAGES, ROOT, SLOW, blocks, label, programs


def test_every_block_is_of_a_kind_that_is_tried():
    kinds = set()
    for page in PAGES:
        found = blocks(page)
        # A fence that the pattern overlooks would hide a block from all tests.
        fences = re.findall(r"^ *(?:```|~~~)", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(fences) == 2 * len(found), label(page)
        kinds |= {block.kind for block in found}
    assert {"python", "python, a file", "bash", "yaml"} <= kinds <= set(KINDS)


def test_every_text_block_stands_behind_the_block_that_prints_it():
    for page in PAGES:
        texts = [block.text for block in blocks(page) if block.kind == "text"]
        assert [shown for _, shown in programs(page) if shown is not None] == texts, label(page)


def test_slow_pages_have_code():
    assert SLOW.keys() <= {label(page) for page in PAGES if programs(page)}


def test_each_question_has_a_page_of_its_own_in_the_menu():
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    titles = {}
    for group in (group for group in nav if isinstance(group, dict)):
        for entry in next(iter(group.values())):
            titles |= entry if isinstance(entry, dict) else {}
    answers = {
        "Your own photos": "photos.md",
        "Which layer?": "layers.md",
        "Which weights?": "weights.md",
        "What a method costs": "cost.md",
        "Cache the teacher": "cache.md",
        "Many GPUs": "distributed.md",
        "Quantization": "quantization.md",
        "Android": "android.md",
        "keras.distillation": "migration.md",
        "torchdistill": "torchdistill.md",
        "Add a loss": "add_a_loss.md",
    }
    for words, page in answers.items():
        assert [titles[title] for title in titles if words in title] == [page]


def test_the_first_page_leads_to_every_guide():
    first = ROOT / "docs" / "index.md"
    linked = set(re.findall(r"\]\((\w+\.md)", first.read_text(encoding="utf-8")))
    assert linked == {page.name for page in first.parent.glob("*.md")} - {first.name}


def test_yaml_can_be_loaded():
    texts = [block.text for page in PAGES for block in blocks(page) if block.kind == "yaml"]
    assert texts
    for text in texts:
        assert all(isinstance(document, dict) for document in yaml.safe_load_all(text))


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_links_lead_to_files(page):
    """Strict MkDocs checks those of docs/, with their anchors, and sees no page beside it."""
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)", text)
    inside = [target for target in targets if not re.match(r"\w+:", target)]
    assert [target for target in inside if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_files_that_are_named_exist(page):
    folders = "tf_lpdistill|tests|recipes|export|benchmarks|docs"
    named = re.findall(rf"`((?:{folders})/[\w./-]+)`", page.read_text(encoding="utf-8"))
    # Those that the reader is to write are called my_something.
    missing = [name for name in named if not (ROOT / name).exists() and "my_" not in name]
    assert missing == []
