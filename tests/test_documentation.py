"""The documentation names what there is."""

from pathlib import Path

from xats_tui.settings import Settings, flag_of

ROOT = Path(__file__).parent.parent


def test_every_setting_is_documented_with_its_flag_its_variable_and_its_meaning() -> None:
    lines = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8").splitlines()
    for name, field in Settings.model_fields.items():
        (row,) = (line for line in lines if line.startswith(f"| `{flag_of(name)} "))
        assert f"`XATS_{name.upper()}`" in row
        assert str(field.description).split(";")[0].rstrip(".") in row


def test_the_readme_begins_with_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line.split("#")[0].strip() for line in lines[2:4]] == ["make run", "make test"]
