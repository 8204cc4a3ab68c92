"""Where somebody is led after a login: never to another site."""


def local_path(address: str) -> str:
    """An address of this site; the home page for any other."""
    plain = all("!" <= letter <= "~" for letter in address)  # browsers ignore a tab or a line break in an address
    return address if plain and address[:1] == "/" and address[1:2] not in {"/", "\\"} else "/"
