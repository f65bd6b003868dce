import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.rules.keywords import is_help, is_start, is_stop


def meaning(text: str) -> tuple[bool, bool, bool]:
    return is_stop(text), is_start(text), is_help(text)


STOPS, STARTS, HELPS, NOTHING = (True, False, False), (False, True, False), (False, False, True), (False,) * 3


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "STOPALL",
        "UNSUBSCRIBE",
        "CANCEL",
        "END",
        "QUIT",
        "REVOKE",
        "OPTOUT",
        "ARRET",
        "Arrêt",
        "ARRÊT",
        "STOPP",
        "BAJA",
        "ALTO",
        "stop",
        "sToP",
    ],
)
def test_words_that_stop(text: str) -> None:
    assert meaning(text) == STOPS


@pytest.mark.parametrize("text", ["START", "YES", "UNSTOP", "yes"])
def test_words_that_start(text: str) -> None:
    assert meaning(text) == STARTS


@pytest.mark.parametrize("text", ["HELP", "INFO", "info?"])
def test_words_that_ask(text: str) -> None:
    assert meaning(text) == HELPS


@pytest.mark.parametrize(
    "text", [" stop ", "STOP.", "stop!!!", "Stop !\n", "\u00a0stop…", 'stop"', "stop。", "\tstop ?! "]
)
def test_space_and_final_punctuation_change_nothing(text: str) -> None:
    assert meaning(text) == STOPS


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "!",
        "please stop",
        "stop it",
        "non-stop",
        "stop help",
        "st op",
        "stopped",
        "s.t.o.p",
        "\x00stop",
        "\ud800",
    ],
)
def test_anything_else_is_a_message(text: str) -> None:
    assert meaning(text) == NOTHING


@given(st.text())
def test_no_text_means_two_things(text: str) -> None:
    assert sum(meaning(text)) <= 1
