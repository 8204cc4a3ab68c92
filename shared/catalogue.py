"""The texts that people read, by code."""

from collections.abc import Mapping

from shared.errors import CodedFault


class Catalogue:
    """Texts with placeholders (`{expected}`), by code. The completeness tests compare it with the codes that the source raises."""

    def __init__(self, *texts: Mapping[str, str]) -> None:
        self.texts: dict[str, str] = {}
        for more in texts:
            if twice := self.texts.keys() & more.keys():
                raise ValueError(f"two texts for {', '.join(sorted(twice))}")
            self.texts |= more

    def text(self, code: str, details: Mapping[str, object]) -> str:
        """The text of a code. A code of a newer service that this process does not know yet is its own text."""
        template = self.texts.get(code)
        return code if template is None else template.format(**details)

    def text_of(self, fault: CodedFault) -> str:
        return self.text(fault.code, fault.details)
