import pytest

from demo import digits, training


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A folder with all models, trained once for all tests."""
    folder = tmp_path_factory.mktemp("models")
    training.train(folder)
    return folder


@pytest.fixture(scope="session")
def examples():
    """Digits that no model has seen."""
    return digits.held_out()
