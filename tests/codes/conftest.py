"""Keys of codes are each test's own; those of fields are the run's."""

import pytest

from tongban.codes.services import holding, keeping_keys, papers, trying, verifying


@pytest.fixture
def own_code_keys(tmp_path, monkeypatch):
    for module in (holding, keeping_keys, papers, trying, verifying):
        monkeypatch.setattr(module, "key_directory", lambda: tmp_path / "codes")
    return tmp_path / "codes"
