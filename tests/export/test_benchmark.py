def test_it_prints_what_it_records(reader, run_script):
    code, out, err = run_script(
        "benchmark.py", f"--bundle={reader.bundle.directory}", "--runs=7", "--threads=2"
    )
    assert code == 0, err
    host = reader.bundle.facts()["host_benchmark"]
    assert (host["runs"], host["threads"]) == (7, 2)
    for precision, path in reader.bundle.files.items():
        entry = host["files"][precision]
        row = next(line for line in out.splitlines() if line.startswith(path.name))
        assert f"{entry['latency_ms']:.3f}" in row and f"{entry['latency_p95_ms']:.3f}" in row
        assert f"{path.stat().st_size:,}" in row
        assert f"adb push {path} " in out and f"--graph=/data/local/tmp/{path.name} " in out
    assert f"This computer: {host['cpu']}, 2 thread(s)" in out and "It is not a phone." in out


def test_help_teaches_without_starting_tensorflow(run_script):
    _, out, err = run_script("benchmark.py", "--help")
    assert "nothing about a phone" in out and "--threads" in out and "cc:" not in err


def test_nothing_there(run_script):
    code, _, err = run_script("benchmark.py", "--bundle=nowhere")
    message = "benchmark: There is no such file or folder. Received: --bundle=nowhere\n"
    assert (code, err) == (1, message)
