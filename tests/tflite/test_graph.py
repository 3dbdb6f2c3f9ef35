from tf_lpdistill.tflite import graph


def test_the_operations_in_the_order_of_execution(phone):
    """A convolution for the colours, three of the student, mean, dense and softmax."""
    found = graph.operations(phone.files["float32"].read_bytes())
    counts = {op["name"]: op["count"] for op in phone.facts()["files"]["float32"]["ops"]}
    assert len(found) == sum(counts.values()) == 7
    for before, after in zip(found, found[1:], strict=False):
        assert before.output in after.inputs
    assert len(found[1].inputs) == 3, "picture, kernel, bias"
    assert phone.facts()["files"]["float32"]["input"]["name"] in found[0].inputs
