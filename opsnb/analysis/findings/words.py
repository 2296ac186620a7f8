"""Words in several languages at once, for what is the same in all of them but its words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from opsnb.base.messages import Language
from opsnb.base.seam import SAID


class Speaker:
    """Puts texts into words: a string where its languages say the same, else
    `{"said": {"en": ..., "zh": ...}}`."""

    def __init__(self, languages: Sequence[Language]) -> None:
        self._languages = languages

    def __call__(self, said: Any) -> Any:
        """The words for all that `Language.format` takes."""
        return self.each(lambda language: language.format(said))

    def templates(self, key: str) -> set[str]:
        """What the languages hold under a key, their holes still open."""
        return {language.texts.get(key, "") for language in self._languages}

    def each(self, words: Callable[[Language], str]) -> Any:
        """What each language says."""
        texts = {language.code: words(language) for language in self._languages}
        first, *others = texts.values()
        return first if all(other == first for other in others) else {SAID: texts}
