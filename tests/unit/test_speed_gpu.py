"""The measurements on a GPU, each at toy sizes on a processor."""

import pytest

from speed import gpu


@pytest.mark.parametrize("section", gpu.SECTIONS)
def test_a_section_measures_at_toy_sizes(section: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.main(["--tiny", section]) == 0
    lines = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith("| " + section)
    ]
    assert lines and not any("failed" in line for line in lines)


def test_without_a_gpu_it_says_so_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SystemExit):
        gpu.main(["nothing"])
    assert "unknown section 'nothing'; there are rates, " in capsys.readouterr().err
    with pytest.raises(SystemExit):
        gpu.main([])
    assert "needs a GPU; --tiny runs on a processor" in capsys.readouterr().err
