"""What Ray says of a worker that died, in a few words."""

from __future__ import annotations

import pytest

from packtune.execution.hooks import cause_of_death


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Failure # 1 (occurred at 2026-01-01)\nThe actor died unexpectedly before finishing this task.\n"
            "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail: "
            "Worker unexpectedly exits with a connection error code 2. End of file. Some common causes include: (1)",
            "it was killed, ran out of memory, or crashed",
        ),
        (
            "The actor is dead because its worker process has died. Worker exit type: USER_ERROR Worker exit detail: "
            "Worker exits because of a user error. More.",
            "Worker exits because of a user error",
        ),
        ("The actor died because its node has died. Node Id: 12ab", "its node is gone"),
        (
            "ray::Trainable.__init__() failed\n  File x\nModuleNotFoundError: No module named 'torch'\n",
            "ModuleNotFoundError: No module named 'torch'",
        ),
        ("", ""),
    ],
)
def test_the_cause_is_short(text, words):
    assert cause_of_death(text) == words
