"""A form as a browser reads it: the values of its fields, and the faults that stand under them."""

from html.parser import HTMLParser

from msgspec import Struct, field

Attributes = dict[str, str]


class Field(Struct):
    """`values` are those that would be sent. `question` is the number of the element with its label, `described_by` the ids of texts."""

    question: int
    values: list[str] = field(default_factory=list)
    described_by: list[str] = field(default_factory=list)
    wrong: bool = False


class FormReader(HTMLParser):
    """Of a page with one form of questions: `fields` by name, `faults` by id: the question in which each stands, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, Field] = {}
        self.faults: dict[str, tuple[int, str]] = {}
        self.questions, self.open, self.select, self.fault = 0, 0, "", ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        attrs = {name: value or "" for name, value in attributes}
        if attrs.get("class") == "question":
            self.questions += 1
            self.open = self.questions
        if attrs.get("class") == "fault":
            self.fault = attrs.get("id", "?")
            self.faults[self.fault] = (self.open, "")
        if tag in {"input", "select", "fieldset"}:
            self.control(tag, attrs)
        if tag == "option" and "selected" in attrs and self.select:
            self.fields[self.select].values.append(attrs["value"])

    def control(self, tag: str, attrs: Attributes) -> None:
        name = attrs.get("name") or attrs.get("id", "")
        found = self.fields.setdefault(name, Field(self.open))
        found.described_by += attrs.get("aria-describedby", "").split()
        found.wrong |= "aria-invalid" in attrs
        self.select = name if tag == "select" else ""
        if tag == "input" and (attrs.get("type") != "checkbox" or "checked" in attrs):
            found.values.append(attrs.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self.fault:
            question, text = self.faults[self.fault]
            self.faults[self.fault] = (question, text + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "p":
            self.fault = ""

    def fault_under(self, name: str) -> str:
        """The text of the fault that stands under a field, in the element of its label, and that the field names; "" if there is none."""
        found = self.fields.get(name, Field(-1))
        texts = [text for id, (question, text) in self.faults.items() if id == f"faute-{name}" and question == found.question]
        return texts[0] if texts and found.wrong and f"faute-{name}" in found.described_by else ""
