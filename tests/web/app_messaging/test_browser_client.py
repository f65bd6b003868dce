"""The browser's client by itself, in Node; its declarations, by TypeScript; and the doors that give both out."""

import asyncio
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

import tidings.web.app_messaging as package
from support.chatting import SETTINGS
from support.hub import Running, running
from tidings.rules.conversations.visiting import keepsake, vouch
from tidings.web.app_messaging.files import FILES

HERE = Path(__file__).parent
SOURCES = Path(package.__file__).parent
ROOT = HERE.parent.parent.parent
CHECKER = HERE.parent.parent / "peers" / "typescript"
STRICT = [
    *("--noEmit", "--allowJs", "--checkJs", "--strict", "--target", "es2022", "--module", "esnext"),
    *("--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable"),
]
JSON = {"content-type": "application/json"}
NONCE = {"nonce": "n"}


async def run(*command: str, folder: Path) -> str:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    said, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, said.decode()
    return said.decode()


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"There is no {name} here.")
    return found


async def test_the_client_does_what_its_own_tests_say() -> None:
    said = await run(program("node"), "--test", "--test-reporter=tap", "client.test.mjs", folder=HERE)
    [passed] = re.findall(r"^# pass (\d+)", said, re.MULTILINE)
    assert int(passed) == len(re.findall(r"^test\(", (HERE / "client.test.mjs").read_text(), re.MULTILINE))


async def test_the_client_is_what_its_declarations_say(tmp_path: Path) -> None:
    home = tmp_path / "typescript"
    shutil.copytree(CHECKER, home)
    await run(program("npm"), "ci", "--silent", "--no-audit", "--no-fund", folder=home)
    shutil.copytree(SOURCES, home / "client")
    sources = sorted(str(each.relative_to(home)) for each in (home / "client").glob("*.js"))
    tsc = str(home / "node_modules" / ".bin" / "tsc")
    await run(tsc, *STRICT, *sources, "use.ts", folder=home)
    (home / "use.ts").write_text((home / "use.ts").read_text().replace("space:", "spaces:"))
    with pytest.raises(AssertionError, match="spaces"):
        await run(tsc, *STRICT, "use.ts", folder=home)


@pytest.fixture
async def hub(tmp_path: Path) -> Any:
    async with running(tmp_path) as found:
        yield found


async def get(hub: Running, path: str, **headers: str) -> tuple[int, bytes, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with hub.http.get(f"{hub.base_url}/app-messaging/{path}", headers=named) as answer:
        return answer.status, await answer.read(), answer.headers


async def test_the_files_are_given_to_pages_of_any_site_as_what_they_are(hub: Running) -> None:
    for name, kind in FILES.items():
        status, body, headers = await get(hub, name)
        assert (status, headers["content-type"]) == (200, kind)
        assert body == (SOURCES / name).read_bytes()
        assert headers["access-control-allow-origin"] == "*"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers.getall("cache-control") == ["public, no-cache"]
        for known in (headers["etag"], f'"other", W/{headers["etag"]}', "*"):
            status, body, again = await get(hub, name, if_none_match=known)
            assert (status, body, again["etag"]) == (304, b"", headers["etag"])
        assert (await get(hub, name, if_none_match='"other"'))[0] == 200


async def test_every_file_that_pages_load_is_given_and_nothing_else(hub: Running) -> None:
    pages = [path for path in SOURCES.iterdir() if path.suffix not in (".py", "") and path.name != "example.html"]
    assert {path.name for path in pages} == set(FILES)
    for path in SOURCES.glob("*.js"):
        for loaded in re.findall(r'^import [^"]*"\./([^"]+)"', path.read_text(), re.MULTILINE):
            assert loaded in FILES
    for name in ("files.py", "__init__.py", "example.html", "nothing.js", "..%2Fapp.py", "%2e%2e/app.py"):
        assert (await get(hub, name))[0] == 404


async def test_the_example_page_may_do_little(hub: Running) -> None:
    status, body, headers = await get(hub, "example")
    policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
    assert policy["frame-ancestors"] == "'none'"
    assert "access-control-allow-origin" not in headers
    assert not re.search(rb"<style|style=|\son\w+=|<script(?![^>]* src=)", body)


def test_no_file_reads_text_as_html_or_code() -> None:
    for path in SOURCES.glob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", path.read_text()
        )


async def example(hub: Running, **settings: Any) -> str:
    space, _ = await hub.workspace()
    await hub.channel(space, "app-messaging", "app-messaging", {**SETTINGS, **settings})
    return space


async def let_in(hub: Running, space: str, body: Any, **headers: str) -> tuple[int, Any]:
    named = {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    url = f"{hub.base_url}/app-messaging/example/token?space={space}"
    async with hub.http.post(url, json=body, headers=named) as answer:
        return answer.status, await answer.json()


async def begin(hub: Running, space: str, **more: Any) -> tuple[str, str]:
    """Begin a session as the example page does; gives the profile and the keepsake."""
    started = await hub.ask("GET", f"/apispaces/{space}/sessions/start")
    _, vouched = await let_in(hub, space, {"nonce": started["nonce"], **more})
    asked = {"authenticationId": started["authenticationId"], "authenticationToken": vouched["token"], "deviceId": "d"}
    opened = await hub.ask("POST", f"/apispaces/{space}/sessions", asked, expect=201)
    return opened["session"]["profileId"], vouched["visitor"]


async def test_a_visitor_is_somebody_new_and_the_same_again_by_their_keepsake(hub: Running) -> None:
    space = await example(hub)
    one, kept = await begin(hub, space)
    two, _ = await begin(hub, space)
    again, _ = await begin(hub, space, visitor=kept)
    assert one.startswith("anon_")
    assert (again, two != one) == (one, True)


async def test_nobody_is_let_in_as_somebody_else(hub: Running) -> None:
    space, other = await example(hub), await example(hub)
    one, kept = await begin(hub, space)
    now = hub.world.clock.now()
    secret = str(SETTINGS["secret"])
    forged = [
        kept[:-2] + ("AA" if kept[-2:] != "AA" else "BB"),
        keepsake(one, space, "another-secret-of-thirty-two-octets", now),
        keepsake(one, other, secret, now),
        keepsake(one, space, secret, now - 31 * 86_400_000),
        keepsake("TEAM\\Customer_Services", space, secret, now),
        vouch(
            one,
            "n",
            hub.world.connector(next(iter(hub.world.directory.channels_of(space)))).settings.trust,
            secret,
            now,
        ),
        "no token",
        "x" * 2000,
    ]
    for visitor in forged:
        profile, _ = await begin(hub, space, visitor=visitor)
        assert profile.startswith("anon_")
        assert profile != one
    # And what a visitor keeps is no integrator's token.
    started = await hub.ask("GET", f"/apispaces/{space}/sessions/start")
    asked = {"authenticationId": started["authenticationId"], "authenticationToken": kept, "deviceId": "d"}
    await hub.ask("POST", f"/apispaces/{space}/sessions", asked, expect=401)


async def test_there_is_no_example_unless_the_channel_says_so(hub: Running) -> None:
    off = await example(hub, example=False)
    bare, _ = await hub.workspace()
    for space in (off, bare, "nothing", "", "%00"):
        status, problem = await let_in(hub, space, NONCE)
        assert status in (400, 404)
        assert "token" not in problem


async def test_no_other_site_and_no_form_can_ask(hub: Running) -> None:
    space = await example(hub)
    for site in ("cross-site", "same-site"):
        assert (await let_in(hub, space, NONCE, sec_fetch_site=site))[0] == 403
    assert (await let_in(hub, space, NONCE, content_type="text/plain"))[0] == 415
    assert (await let_in(hub, space, NONCE, sec_fetch_site="same-origin"))[0] == 200
    url = f"{hub.base_url}/app-messaging/example/token?space={space}"
    async with hub.http.options(url, headers={"origin": "https://evil.example"}) as answer:
        assert answer.status == 405
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "body", [{}, {"nonce": ""}, {"nonce": 5}, {"nonce": "n" * 501}, {"nonce": "n", "sub": "me"}, [], "x"]
)
async def test_what_is_no_visitor_is_refused_by_name(hub: Running, body: Any) -> None:
    status, problem = await let_in(hub, await example(hub), body)
    assert (status, problem["errors"][0]["path"] in ("", "nonce", "sub")) == (400, True)


async def test_a_crowd_is_asked_to_wait(hub: Running) -> None:
    space = await example(hub)
    answers = [await let_in(hub, space, NONCE) for _ in range(25)]
    assert {status for status, _ in answers} == {200, 429}
    async with hub.http.post(
        f"{hub.base_url}/app-messaging/example/token?space={space}", json=NONCE, headers=JSON
    ) as answer:
        assert answer.status == 429
        assert int(answer.headers["retry-after"]) >= 1


async def test_the_files_are_in_what_is_installed(tmp_path: Path) -> None:
    uv = shutil.which("uv", path=str(ROOT / ".venv" / "bin")) or program("uv")
    try:
        await run(uv, "build", "--wheel", "-q", "-o", str(tmp_path), folder=ROOT)
    except AssertionError as error:
        if "hatchling" not in str(error):
            raise
        pytest.skip("What builds the package is not to be had here.")
    [wheel] = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"tidings/web/app_messaging/{name}" for name in [*FILES, "example.html"]} <= set(names)


def test_the_client_needs_nothing_else() -> None:
    for path in SOURCES.glob("*.js"):
        assert all(
            each.startswith("./") for each in re.findall(r'^import .*?"([^"]+)"', path.read_text(), re.MULTILINE)
        )
