"""The version: that of the product whose document the generated part is made from."""

__version__ = "0.2.0"
