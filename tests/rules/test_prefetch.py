"""User agents seen in the wild, and what they are."""

import pytest

from tidings.rules.prefetch import burst, is_machine, is_too_soon

MACHINES = [
    "",
    "   ",
    "Mozilla/5.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0)",
    "SomeCrawler/1.0",
    "ExampleSpider 2",
    "LinkScanner/1.0",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Snap URL Preview Service; bot; snapchat; https://developers.snap.com/robots",
    "python-requests/2.31.0",
    "Python/3.11 aiohttp/3.9.1",
    "curl/8.5.0",
    "Wget/1.21.4",
    "Go-http-client/2.0",
    "Java/17.0.9",
    "Apache-HttpClient/4.5.14 (Java/17)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "facebookexternalhit/1.1;line-poker/1.0",
    "Facebot",
    "WhatsApp/2.23.20.0 A",
    "Viber/20.0",
    "Line/13.1.0",
    "TelegramBot (like TwitterBot)",
    "Twitterbot/1.0",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0)",
    "BarracudaCentral/1.0",
    "Proofpoint URL Defense",
    "Mimecast/7",
    "Mozilla/5.0 (Microsoft Defender SafeLinks)",
]
PEOPLE = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; CUBOT X18) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_3 like Mac OS X) AppleWebKit/605.1.15 Safari Line/13.1.0",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Microsoft Outlook 16.0.17328",
    "okhttp/4.12.0",
    "x" * 5000 + "bot",
]


@pytest.mark.parametrize("agent", MACHINES)
def test_machine_is_told(agent: str) -> None:
    assert is_machine(agent) is True


@pytest.mark.parametrize("agent", PEOPLE)
def test_what_may_be_a_person_is_left_alone(agent: str) -> None:
    assert is_machine(agent) is False


@pytest.mark.parametrize(
    ("went_at", "at", "too_soon"),
    [(0, 1999, True), (0, 2000, False), (5000, 1000, True), (None, 1000, False), (0, None, False)],
)
def test_what_is_done_within_two_seconds_no_person_does(went_at: int | None, at: int | None, too_soon: bool) -> None:
    assert is_too_soon(went_at, at) is too_soon


@pytest.mark.parametrize(
    ("clicks", "places"),
    [
        ([], set()),
        ([("a", 0), ("b", 1)], set()),
        ([("a", 0), ("a", 1), ("b", 2), ("a", 3)], set()),
        ([("a", 0), ("b", 5000), ("c", 5001)], set()),
        ([("a", 0), ("b", 2500), ("c", 5000)], {0, 1, 2}),
        ([("a", 9000), ("c", 2000), ("a", 0), ("b", 1000), ("b", 4000), ("d", 10_000)], {1, 2, 3, 4}),
    ],
)
def test_three_links_in_five_seconds_are_followed_by_a_machine(clicks: list[tuple[str, int]], places: set[int]) -> None:
    assert burst(clicks) == places
