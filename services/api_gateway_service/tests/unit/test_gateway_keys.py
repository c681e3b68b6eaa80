import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api_gateway_service.domain.keys import SESSION_SECONDS, ApiKeys, InvalidKeysError

KEYS = ApiKeys.parse("k:1:anna, key2:bo")


def test_keys_belong_to_their_owners() -> None:
    assert KEYS.owner_of("k:1") == "anna"
    assert KEYS.owner_of("key2") == "bo"
    assert KEYS.owner_of("k") is None


def test_without_keys_nobody_comes_in() -> None:
    assert ApiKeys.parse("").owner_of("") is None


@pytest.mark.parametrize(
    "text", ["s3cret", "s3cret:", ":anna", "a:anna,s3cret", "s3cret:anna,s3cret:bo"]
)
def test_setting_that_cannot_be_read_is_refused_without_showing_a_key(text: str) -> None:
    with pytest.raises(InvalidKeysError) as refused:
        ApiKeys.parse(text)
    assert "s3cret" not in str(refused.value)


def test_session_stands_for_its_owner_until_it_ends() -> None:
    session = KEYS.session("key2", now=1000.0)

    assert KEYS.owner_of_session(session, now=1000.0 + SESSION_SECONDS - 1) == "bo"
    assert KEYS.owner_of_session(session, now=1000.0 + SESSION_SECONDS) is None


def test_session_ends_with_its_key() -> None:
    session = KEYS.session("key2", now=0.0)

    assert ApiKeys.parse("k:1:anna").owner_of_session(session, now=1.0) is None


@given(session=st.text())
def test_no_text_is_a_session_by_chance(session: str) -> None:
    assert KEYS.owner_of_session(session, now=0.0) is None
