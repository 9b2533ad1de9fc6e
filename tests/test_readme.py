"""What the README says of the code is compared with the code."""

from pathlib import Path

from docs.state_diagrams import section

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_diagrams_are_those_of_the_transition_tables() -> None:
    assert section() in README, "run `python -m docs.state_diagrams` and put what it prints into the README"


def test_every_picture_exists() -> None:
    root = Path(__file__).parents[1]

    pictures = [part.partition(")")[0] for part in README.split("](")[1:] if part.startswith("docs/images/")]

    assert pictures
    assert [name for name in pictures if not (root / name).is_file()] == []
