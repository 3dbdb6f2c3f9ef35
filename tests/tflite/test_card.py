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
