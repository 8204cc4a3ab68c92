"""A page as a browser reads it: its links, and what stands under each field of its forms."""

from html.parser import HTMLParser


class PageReader(HTMLParser):
    """`links` are the addresses of the page's links, `nested` those that begin within another link, which a browser closes first."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.nested: list[str] = []
        self.depth = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            return
        address = dict(attributes).get("href") or ""
        if self.depth:
            self.nested.append(address)
        self.links.append(address)
        self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "a"
