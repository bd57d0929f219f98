from pathlib import Path

from platformdirs import user_cache_path

from lampas.cache import cache_folder


def test_the_variable_comes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("LAMPAS_CACHE", str(tmp_path))
    assert cache_folder("images") == tmp_path / "images"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAMPAS_CACHE", "near")
    assert cache_folder("datasets") == tmp_path / "near" / "datasets"


def test_else_the_users_folder(monkeypatch):
    monkeypatch.delenv("LAMPAS_CACHE", raising=False)
    assert cache_folder("images") == Path(user_cache_path("lampas")) / "images"
