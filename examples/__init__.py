"""Examples, type-checked and run with the tests."""
