"""How often something may be done."""

from tidings.rules.rate import Bucket


def test_a_bucket_gives_so_much_at_once_and_then_so_often() -> None:
    bucket = Bucket(10, 3)
    assert [bucket.take(1000) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(1050)
    assert bucket.take(1150)
    assert not bucket.take(500), "a clock that is set back gives nothing"
    assert not bucket.take(540)
