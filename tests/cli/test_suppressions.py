"""`tidings suppression`, beyond what its examples prove."""

from pathlib import Path

from support.terminal import Terminal


def test_somebody_is_added_listed_and_removed(acme: Terminal) -> None:
    said = acme.run("suppression", "add", "00447700900199", "--platform", "sms", "--note", "On the phone").out
    assert said == "+447700900199 gets nothing more on sms: unsubscribed.\n"
    assert acme.run("suppression", "add", "nobody", "--platform", "sms", code=1).err.startswith("Error: ")
    acme.run("suppression", "add", "+447700900199", "--platform", "sms", "--reason", "complained")
    acme.run("suppression", "add", "+4477009001990", "--platform", "sms")
    shown = acme.run("suppression", "list", "+4477").out
    assert all(word in shown for word in ("+447700900199", "unsubscribed", "complained", "api", "phone"))
    assert len(acme.run("suppression", "list", "--limit", "2", "--json").json) == 2
    gone = acme.run("suppression", "remove", "+447700900199").out
    assert " ".join(gone.split()).count("+447700900199 may be written to again on sms") == 2
    assert [each["address"] for each in acme.run("suppression", "list", "--json").json] == ["+4477009001990"]
    assert "There is no suppression of +447700900199." in acme.run("suppression", "remove", "+447700900199", code=1).err


def test_nobody_is_listed_where_there_is_nobody(acme: Terminal) -> None:
    assert acme.run("suppression", "list").out == "There is nobody whom it does not write to.\n"


def test_a_table_is_imported(acme: Terminal, tmp_path: Path) -> None:
    table = tmp_path / "stopped.csv"
    table.write_text("platform,address,reason\nsms,+447700900177,\nemail,Bob@example.com,hard-bounced\n")
    assert acme.run("suppression", "import", str(table)).out == "2 were added, 0 stood there already.\n"
    assert acme.run("suppression", "import", str(table), "--json").json == {"added": 0, "known": 2}
    table.write_bytes(b"\xff")
    assert f"{table} cannot be read" in acme.run("suppression", "import", str(table), code=2).err
