"""Clicks and opens: taken down before they are answered, told once it is known whether a machine made them."""
