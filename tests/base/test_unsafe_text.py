"""Characters that act on terminals and pages are shown, not obeyed."""

from __future__ import annotations

import pytest

from opsnb.base.errors import WorkspaceError
from opsnb.base.unsafe_text import MARK, visible
from opsnb.cli import output

ESCAPE = "\x1b[2J\x1b]0;owned\x07"
OVERRIDE = "invoice\u202efdp.exe"


@pytest.mark.parametrize("text", [ESCAPE, OVERRIDE, "\x00", "\x9b1m", "\u2066x\u2069", "\ud800"])
def test_acting_characters_are_replaced(text: str) -> None:
    shown = visible(text)
    assert MARK in shown
    assert shown.encode("utf-8").decode("utf-8").isprintable()


@pytest.mark.parametrize(
    "text", ["", "留存\t12 %\r\n", "café \u200d👩\u200d💻 喆", "\u200eA\u200f"]
)
def test_ordinary_texts_stay_as_they_are(text: str) -> None:
    assert visible(text) == text


def test_the_terminal_obeys_no_text_of_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    output.table([f"name {ESCAPE}"], [[f"{ESCAPE}{OVERRIDE}"]])
    output.say(ESCAPE)
    output.note(OVERRIDE)
    output.say_error(WorkspaceError(ESCAPE, where=OVERRIDE, hint=ESCAPE))
    written = "".join(capsys.readouterr())
    assert MARK in written
    assert not set(written) & set("\x1b\x07\u202e")
