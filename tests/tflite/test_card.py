from tf_lpdistill import tflite
from tf_lpdistill.tflite import card


def test_it_says_what_the_files_are(phone):
    text = card.model_card(phone.facts())
    for name in ("student_float32.tflite", "student_int8.tflite", "`digit 7`"):
        assert name in text
    assert "8x8 pixels" in text and "the conversion to grey" in text
    assert "the softmax, added at export" in text
    assert "calibrated on 200 images" in text


def test_before_verification_it_claims_no_accuracy(phone):
    text = card.model_card(phone.facts())
    assert "Not verified yet" in text and "Host latency: median" not in text


def test_a_colour_student_with_its_own_softmax(colour_phone):
    text = card.model_card(colour_phone.facts())
    assert "the student's own softmax" in text and "grey" not in text
    assert "(pixel - [78.0, 47.0, 23.0]) / [96.0, 57.0, 29.0]" in text


def test_a_label_cannot_break_out_of_its_code_span(phone):
    facts = phone.facts() | {"labels": ["a`b"]}
    assert "`a'b`" in card.model_card(facts)


def test_what_the_maker_told_of_the_training_is_in_it(export, grey, tmp_path):
    origin = tflite.Origin(
        data="1,000 digits.",
        teacher="A ResNet, 99 % right.",
        method="KD.",
        limits="Not for cheques.",
    )
    text = (
        export(grey, tmp_path / "phone", precisions=["float32"], origin=origin).directory
        / "MODEL_CARD.md"
    ).read_text()
    training = text[text.index("## How it was trained") : text.index("## Limits")]
    for line in ("* Data: 1,000 digits.", "* Teacher: A ResNet, 99 % right.", "* Method: KD."):
        assert line in training
    assert "* Not for cheques." in text[text.index("## Limits") :]


def test_what_nobody_told_is_left_out(phone):
    facts = phone.facts()
    assert "How it was trained" not in card.model_card(facts)
    earlier = {key: value for key, value in facts.items() if key != "origin"}
    assert card.model_card(earlier) == card.model_card(facts)
    some = facts | {"origin": {"data": "Photos.", "teacher": "", "method": "", "limits": ""}}
    assert "* Data: Photos." in card.model_card(some) and "Teacher" not in card.model_card(some)


def test_the_limits_follow_from_the_facts(phone):
    facts = phone.facts()
    text = card.model_card(facts)
    assert "also one that shows none of them" in text and "are not calibrated" in text
    assert "pictures like those that they were measured on" in text
    calibrated = card.model_card(facts | {"score_calibration": [[1.0, 0.0]] * 10})
    assert "are not calibrated" not in calibrated
    embedder = facts | {"labels": []}
    assert "answers every picture" not in card.model_card(embedder)
