"""Sessions begin with a proof that counts once, and end when somebody says so."""

import asyncio
import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from support.appdoors import Space, space_at
from support.apps import AUDIENCE, ISSUER, SECRET, integrators_token
from support.visiting import Visiting


async def test_a_device_proves_who_somebody_is_and_comes_in(space: Space) -> None:
    started = await space.start()
    assert started.keys() == {"authenticationId", "provider", "nonce", "expiresOn"}
    answer = await space.begin(started, integrators_token(started["nonce"], "anon_1", now=space.now))
    begun = answer.json()
    assert answer.status_code == 201
    session = begun["session"]
    assert session["profileId"] == "anon_1"
    assert session["deviceId"] == "phone"
    assert session["isActive"] is True
    claims = jwt.decode(begun["token"], options={"verify_signature": False})
    assert claims["sub"] == "anon_1"
    assert claims["sid"] == session["id"]
    assert claims["aud"] == space.workspace
    assert claims["exp"] - space.now <= 24 * 3600
    shown = await space("GET", f"/sessions/{session['id']}", begun["token"])
    assert shown.json() == session
    assert (await space("GET", "/profiles/anon_1", begun["token"])).json()["id"] == "anon_1"


async def test_a_nonce_counts_once(space: Space) -> None:
    started = await space.start()
    token = integrators_token(started["nonce"], "anon_1", now=space.now)
    answers = await asyncio.gather(*(space.begin(started, token, f"device-{each}") for each in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401, 401]


def without(**claims: Any) -> Any:
    return lambda nonce, now: integrators_token(nonce, "anon_1", now=now, **claims)


def header(**fields: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).rstrip(b"=").decode()


def unsigned(nonce: str, now: int) -> str:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "anon_1", "nonce": nonce, "iat": now, "exp": now + 60}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{header(alg='none', typ='JWT')}.{payload}."


def by_another(nonce: str, now: int) -> str:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "anon_1", "nonce": nonce, "iat": now, "exp": now + 60}
    return jwt.encode(claims, "another-secret-of-somebody-else-32", algorithm="HS256")


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(unsigned, id="none"),
        pytest.param(lambda n, t: unsigned(n, t).replace("none", "None"), id="None"),
        pytest.param(by_another, id="another secret"),
        pytest.param(lambda n, t: integrators_token(n, "anon_1", now=t, algorithm="HS512"), id="another algorithm"),
        pytest.param(without(exp=None), id="no expiry"),
        pytest.param(without(iat=None), id="no time"),
        pytest.param(without(iss=None), id="no issuer"),
        pytest.param(without(aud=None), id="no audience"),
        pytest.param(without(iss="https://other.example/"), id="another issuer"),
        pytest.param(without(aud="https://other.example/app"), id="another audience"),
        pytest.param(without(sub=None), id="nobody"),
        pytest.param(without(sub=""), id="an empty name"),
        pytest.param(without(sub=" anon_1"), id="a name with a space"),
        pytest.param(without(sub=["anon_1"]), id="several people"),
        pytest.param(without(nonce=None), id="no nonce"),
        pytest.param(without(nonce="n-0001"), id="a nonce of its own"),
        pytest.param(without(nonce=17), id="a nonce that is no text"),
        pytest.param(lambda n, t: integrators_token(n, "anon_1", now=t - 3600), id="expired"),
        pytest.param(lambda n, t: integrators_token(n, "anon_1", now=t + 3600), id="of the future"),
        pytest.param(without(exp="soon"), id="an expiry that is no time"),
        pytest.param(without(exp=True), id="an expiry that is a truth"),
        pytest.param(lambda _n, _t: "no token", id="no token"),
        pytest.param(lambda _n, _t: "", id="nothing"),
        pytest.param(lambda _n, _t: ".".join(["e30"] * 3), id="three empty objects"),
    ],
)
@pytest.mark.filterwarnings("ignore:The HMAC key is 32 bytes long")
async def test_what_proves_nothing_is_refused(space: Space, forge: Any) -> None:
    started = await space.start()
    answer = await space.begin(started, forge(started["nonce"], space.now))
    assert answer.status_code == 401, answer.text


async def test_a_nonce_is_of_one_start_one_workspace_and_five_minutes(space: Space, visit: Visiting) -> None:
    started, other = await space.start(), await space.start()
    mixed = {**started, "authenticationId": other["authenticationId"]}
    token = integrators_token(started["nonce"], "anon_1", now=space.now)
    assert (await space.begin(mixed, token)).status_code == 401
    neighbour = await space_at(visit, "Neighbour")
    assert (await neighbour.begin(started, token)).status_code == 401
    visit.clock.move(300_000)
    late = integrators_token(started["nonce"], "anon_1", now=space.now)
    assert (await space.begin(started, late)).status_code == 401


async def test_a_request_without_its_fields_is_told_what_is_missing(space: Space) -> None:
    answer = await space("POST", "/sessions", None, json={"authenticationId": "a"})
    assert answer.status_code == 400
    assert answer.json()["validationFailures"][0]["paramName"] == "authenticationToken"
    long = await space("POST", "/sessions", None, json={"authenticationToken": "x" * 9000})
    assert long.status_code == 400


async def test_a_session_that_is_ended_opens_nothing(space: Space) -> None:
    begun = await space.session("anon_1")
    path = f"/sessions/{begun['session']['id']}"
    assert (await space("GET", path, begun["token"])).status_code == 200
    assert (await space("DELETE", path, begun["token"])).status_code == 204
    answer = await space("GET", "/conversations", begun["token"])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_session_expires(space: Space, visit: Visiting) -> None:
    token = await space.token("anon_1")
    assert (await space("GET", "/conversations", token)).status_code == 200
    visit.clock.move(24 * 3_600_000)
    assert (await space("GET", "/conversations", token)).status_code == 401


async def test_a_device_that_begins_again_ends_what_it_had(space: Space) -> None:
    first, other = await space.token("anon_1"), await space.token("anon_1", "tablet")
    second = await space.token("anon_1")
    assert [(await space("GET", "/conversations", each)).status_code for each in (first, other, second)] == [
        401,
        200,
        200,
    ]


async def test_a_profile_has_so_many_sessions(space: Space) -> None:
    tokens = [await space.token("anon_1", f"device-{each}") for each in range(21)]
    assert (await space("GET", "/conversations", tokens[0])).status_code == 401
    assert (await space("GET", "/conversations", tokens[1])).status_code == 200


async def test_a_session_of_somebody_else_is_not_to_be_seen_or_ended(space: Space) -> None:
    begun, other = await space.session("anon_1"), await space.token("anon_2")
    for method in ("GET", "DELETE"):
        assert (await space(method, f"/sessions/{begun['session']['id']}", other)).status_code == 404
    assert (await space("GET", "/sessions/none", other)).status_code == 404
    assert (await space("GET", f"/sessions/{begun['session']['id']}")).status_code == 200


async def test_where_a_device_takes_word_is_kept(space: Space) -> None:
    begun = await space.session("anon_1")
    path, push = f"/sessions/{begun['session']['id']}/push", {"fcm": {"package": "com.acme", "token": "t"}}
    assert (await space("PUT", path, begun["token"], json=push)).json()["push"] == push
    shown = await space("GET", f"/sessions/{begun['session']['id']}", begun["token"])
    assert shown.json()["push"] == push
    large = {"fcm": {"token": "t" * 5000}}
    assert (await space("PUT", path, begun["token"], json=large)).status_code == 400
    await space("DELETE", f"/sessions/{begun['session']['id']}", begun["token"])
    assert (await space("PUT", path, json=push)).status_code == 404


async def test_a_token_of_another_workspace_opens_nothing_here(space: Space, visit: Visiting) -> None:
    neighbour = await space_at(visit, "Neighbour")
    token = await neighbour.token("anon_1")
    assert (await space("GET", "/conversations", token)).status_code == 401
    assert (await space("GET", "/conversations", neighbour.key)).status_code == 401
    assert (await space("GET", "/conversations", None)).status_code == 401
    forged = jwt.encode({"sub": "anon_1", "sid": "s", "aud": space.workspace, "exp": space.now + 60}, SECRET)
    assert (await space("GET", "/conversations", forged)).status_code == 401
    basic = {"authorization": "Basic " + base64.b64encode(b"a:b").decode()}
    assert (await space("GET", "/conversations", None, headers=basic)).status_code == 401


async def test_without_a_channel_for_apps_there_are_no_doors(visit: Visiting) -> None:
    workspace, key = await visit.workspace()
    assert (await visit("GET", f"/apispaces/{workspace}/sessions/start", key=None)).status_code == 404
    assert (await visit("GET", "/apispaces/nowhere/sessions/start", key=None)).status_code == 404
    assert (await visit("GET", f"/apispaces/{workspace}/conversations", key=key)).status_code == 404
    assert (await visit("GET", "/apispaces/nowhere/conversations")).status_code == 401


async def test_sessions_end_with_their_channel(space: Space, visit: Visiting) -> None:
    token = await space.token("anon_1")
    channels = (await visit("GET", f"/workspaces/{space.workspace}/channels")).json()["results"]
    await visit("DELETE", f"/workspaces/{space.workspace}/channels/{channels[0]['id']}")
    assert (await space("GET", "/conversations", token)).status_code == 401


async def test_a_key_needs_its_scopes(space: Space, visit: Visiting) -> None:
    path = f"/workspaces/{space.workspace}/access-keys"
    reads = (await visit("POST", path, json={"name": "r", "scopes": ["read"]})).json()["accessKey"]
    await visit.hub.readers.settled()
    assert (await space("GET", "/conversations", reads)).status_code == 200
    refused = await space("POST", "/conversations", reads, json={})
    assert refused.status_code == 403


def pem(key: Any) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, form).decode())


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("RS256", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        ("ES256", ec.generate_private_key(ec.SECP256R1())),
    ],
)
async def test_an_integrator_may_sign_with_a_private_key(visit: Visiting, algorithm: str, key: Any) -> None:
    space = await space_at(visit, algorithm=algorithm, secret=None, publicKey=pem(key))
    started = await space.start()
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "anon_1", "nonce": started["nonce"]}
    claims |= {"iat": space.now, "exp": space.now + 60}
    # With the public key for a secret: the old attack on those who believe the token's own word on its algorithm.
    confused = f"{header(alg='HS256', typ='JWT')}.e30.e30"
    assert (await space.begin(started, confused)).status_code == 401
    assert (await space.begin(started, jwt.encode(claims, SECRET, algorithm="HS256"))).status_code == 401
    assert (await space.begin(started, jwt.encode(claims, key, algorithm=algorithm))).status_code == 201
