"""Database URLs are shown without their passwords."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import URL, make_url

from packtune.errors import SettingsError
from packtune.study.storage_url import HIDDEN, hide_password, hide_secrets, make_absolute, sqlite_file

words = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
# No part of a URL but the password has a "P".
passwords = st.text(min_size=1, max_size=20).map(lambda text: f"P{text}P")
urls = st.builds(
    URL.create,
    drivername=st.sampled_from(["postgresql", "mysql+pymysql", "postgresql+psycopg"]),
    username=words,
    password=passwords,
    host=words,
    port=st.none() | st.integers(1, 65535),
    database=words,
)


@given(urls)
def test_a_password_of_any_characters_is_not_shown(url):
    shown = hide_password(url.render_as_string(hide_password=False))
    assert "P" not in shown
    assert shown.count(HIDDEN) == 1


@given(urls)
def test_the_rest_of_the_url_is_shown_as_it_is(url):
    shown = make_url(hide_password(url.render_as_string(hide_password=False)))
    assert shown == url.set(password=HIDDEN)


@given(urls)
def test_hiding_twice_changes_nothing(url):
    once = hide_password(url.render_as_string(hide_password=False))
    assert hide_password(once) == once


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "postgresql://me@host/db?password=hunter2&sslmode=require",
            "postgresql://me@host/db?password=***&sslmode=require",
        ),
        ("postgresql://host/db?SSLPassword=hunter2", "postgresql://host/db?SSLPassword=***"),
        ("mysql+pymysql://host/db?passwd=hunter2", "mysql+pymysql://host/db?passwd=***"),
        ("mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3Dhunter2", "mssql+pyodbc:///?odbc_connect=***"),
        ("postgresql://me:hunter2@host/db?password=hunter2", "postgresql://me:***@host/db?password=***"),
        ("postgresql://host/db?password=hunter2&password=hunter22", "postgresql://host/db?password=***"),
    ],
)
def test_a_password_among_the_options_is_not_shown(url, shown):
    assert hide_password(url) == shown
    assert hide_password(shown) == shown
    assert hide_secrets("hunter2 and DRIVER=x;PWD=hunter2 did not open it", url).count("hunter2") == (
        1 if "odbc" in url else 0
    )


def test_what_a_database_says_is_shown_without_the_password():
    assert hide_secrets("no user a%b or a b", "postgresql://me:a%25b@host/db") == "no user *** or a b"
    assert hide_secrets("nothing to hide", "sqlite:///studies.db") == "nothing to hide"
    assert hide_secrets("stars ***", "postgresql://me:***@host/db") == "stars ***"


@pytest.mark.parametrize("form", ["p%40ss%2Fw0rd", "p@ss/w0rd", "p%40ss/w0rd"])
def test_a_password_is_hidden_however_its_special_characters_are_written(form):
    url = "postgresql://me:p%40ss%2Fw0rd@host/db?sslpassword=a+b%20c"
    assert hide_secrets(f"--storage={form}", url) == f"--storage={HIDDEN}"
    assert hide_secrets(url, url) == f"postgresql://me:{HIDDEN}@host/db?sslpassword={HIDDEN}"
    assert hide_secrets("a b c", url) == HIDDEN


def test_the_file_of_a_database_is_found_from_every_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert make_absolute("sqlite:///a b.db?timeout=3") == f"sqlite:///{tmp_path}/a b.db?timeout=3"
    assert sqlite_file(make_absolute("sqlite:///x/a.db")) == tmp_path / "x/a.db"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:////x/a.db", "postgresql://me:p%25@h/d"])
def test_other_urls_stay_as_they_are(url):
    assert make_absolute(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@host/db?passfile=%2Fhome%2Fme%2F.pgpass",
        "sqlite:///studies.db",
        "sqlite:////tmp/a b.db",
        "postgresql://me@host/db",
        "sqlite://",
    ],
)
def test_a_url_without_a_password_stays_as_it_is(url):
    assert hide_password(url) == url


@pytest.mark.parametrize(
    "url", ["", "studies.db", "postgres/me:hunter2@host", "//me:hunter2@host/db", "postgresql://me:hunter2@host:x/db"]
)
def test_what_is_no_url_is_refused_without_repeating_it(url):
    with pytest.raises(SettingsError, match=r"no database URL: write DIALECT://.* such as sqlite:///studies\.db") as e:
        hide_password(url)
    assert "hunter2" not in str(e.value)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="only Linux shows its processes there")
@pytest.mark.parametrize(
    ("url", "hidden"), [("postgresql://me:hunter2@host/db", True), ("sqlite:///hunter2.db", False)]
)
def test_a_password_leaves_the_command_line_before_ray_keeps_it(url, hidden):
    code = (
        "import pathlib, sys; from packtune.execution.connection import hide_command; hide_command(sys.argv[2]); "
        "print(pathlib.Path('/proc/self/cmdline').read_bytes())"
    )
    command = [sys.executable, "-c", code, "--storage", url]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True).stdout
    assert ("hunter2" not in shown) == hidden


def test_a_database_in_a_folder_whose_name_is_not_utf_8_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    message = r"caf\\xe9.*, whose name is not UTF-8: put the database into another folder"
    with pytest.raises(SettingsError, match=message):
        make_absolute(f"sqlite:///{folder}/studies.db")
    monkeypatch.chdir(folder)
    with pytest.raises(SettingsError, match=message):
        make_absolute("sqlite:///studies.db")
