"""The version of the product. The package metadata, the command line, `/healthz` and the pages all read it here."""

__version__ = "0.2.0"
