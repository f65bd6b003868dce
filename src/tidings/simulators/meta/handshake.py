"""The question that Meta asks a callback URL when it is written into the app's page.

Verification https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests
"""

import secrets

import aiohttp


async def shake_hands(url: str, verify_token: str) -> bool:
    """Ask a callback URL whether it knows the token, and gives back the challenge."""
    challenge = str(secrets.randbelow(2**31))
    asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
    async with aiohttp.ClientSession() as session, session.get(url, params=asked) as response:
        return response.status == 200 and await response.text() == challenge
