from __future__ import annotations

from pathlib import Path

from pipelines.views.page.bundle import bundle


def test_a_script_is_kept_beside_its_module_under_a_name_of_its_own(tmp_path: Path) -> None:
    module = str(tmp_path / "pane.py")
    first, other = bundle(module, "let a;\n"), bundle(module, "let b;\n")
    assert first is not None
    assert other is not None
    assert (first.parent, first.read_text()) == (tmp_path / "__pycache__", "let a;\n")
    assert first != other
    assert bundle(module, "let a;\n") == first
    assert sorted(first.parent.iterdir()) == sorted([first, other])


def test_what_somebody_broke_off_writing_is_written_anew(tmp_path: Path) -> None:
    module = str(tmp_path / "pane.py")
    file = bundle(module, "let a;\n")
    assert file is not None
    file.write_text("let")
    assert bundle(module, "let a;\n") == file
    assert file.read_text() == "let a;\n"


def test_where_nothing_can_be_written_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").write_text("a file, no folder")
    assert bundle(str(tmp_path / "pane.py"), "let a;\n") is None
