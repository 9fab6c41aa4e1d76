"""What in a page could run something, or fetch something."""

from __future__ import annotations

from html.parser import HTMLParser

ACTIVE = {"script", "iframe", "object", "embed", "link", "base", "form", "foreignobject", "use"}
LINKS = ("src", "href", "xlink:href", "srcset", "action", "formaction", "poster", "data")


class _Attacks(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ACTIVE and not (tag == "use" and str(dict(attrs).get("href")).startswith("#")):
            self.found.append(f"<{tag}>")
        if tag == "meta" and str(dict(attrs).get("http-equiv")).lower() == "refresh":
            self.found.append("<meta refresh>")
        for name, value in attrs:
            if name.startswith("on"):
                self.found.append(f"<{tag} {name}>")
            if name in LINKS and not (value or "").startswith(("data:image/", "#")):
                self.found.append(f"<{tag} {name}={value}>")
            if name == "style" and "url(" in (value or "").replace("url(#", ""):
                self.found.append(f"<{tag} style>")


def attacks(source: str) -> list[str]:
    """Whatever could; nothing in a page that is only to be looked at."""
    parser = _Attacks()
    parser.feed(source)
    parser.close()
    return parser.found
