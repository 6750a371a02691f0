from typing import Any

import pytest

from opsdesk.kit.masking import SECRET, is_personal, is_secret, mask, mask_mapping, mask_secrets, mask_text


@pytest.mark.parametrize(
    "name",
    [
        "api_key",
        "apiKey",
        "API-KEY",
        "kyc_api_token",
        "password",
        "clientSecret",
        "Authorization",
        "Set-Cookie",
        "密码",
        "登录口令",
    ],
)
def test_names_of_secrets_are_recognised(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name", ["tokens_used", "secret_name", "token_expires_at", "keyboard", "idempotency_key", "email"]
)
def test_names_that_only_sound_secret_are_not(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("email", "alice@example.com", "a***@e***.com"),
        ("customer_email", "zhang.san@mail.example.cn", "z***@m***.cn"),
        ("emailAddress", "bob@localhost", "b***@l***"),
        ("邮箱", "alice@example.com", "a***@e***.com"),
        ("phone", "+86 138 0013 8000", "+** *** **** **00"),
        ("手机号", "13800138000", "*********00"),
        ("mobile", 13800138000, "*********00"),
        ("name", "张三", "张*"),
        ("fullName", "Alice Smith", "A*"),
        ("联系人姓名", "李四", "李*"),
        ("身份证号", "11010519491231002X", "****************2X"),
        ("id_card_number", "11010519491231002X", "****************2X"),
        ("card_number", "4111 1111 1111 1111", "**** **** **** 1111"),
        ("birth_date", "1990-05-17", "****-**-**"),
        ("api_key", "opaque", SECRET),
        ("password", 12345678, SECRET),
    ],
)
def test_a_personal_value_keeps_only_its_outline(name: str, value: Any, shown: str) -> None:
    assert mask(name, value) == shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("email_verified", True),
        ("email", None),
        ("email_status", "sent"),
        ("hotel", "Grand"),
        ("ip_address", "10.0.0.1"),
        ("node_name", "verify_email"),
        ("kyc_score", 82),
        ("run_id", "01935a2b-1111-7222-8333-123456789012"),
        ("at", "2026-11-21T03:00:22.123456+08:00"),
        ("order", "1731234567"),
    ],
)
def test_what_is_not_personal_stays_as_it_is(name: str, value: Any) -> None:
    assert mask(name, value) == value
    assert not is_personal(name, value) or value in (True, None)


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("mail to alice@example.com failed", "alice@example.com"),
        ("called 13800138000 twice", "13800138000"),
        ("called +44 20 7946 0958 twice", "7946"),
        ("call (415) 555-0134", "555-0134"),
        ("landline 010-62345678", "62345678"),
        ("Authorization: Bearer abc.def-123456", "abc.def-123456"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "eyJzdWIiOiIxIn0"),
        ("paid with 4111-1111-1111-1111 today", "1111-1111-1111"),
        ("ID 11010519491231002X given", "19491231"),
        ("证件110105194912310021不符", "19491231"),
        ("postgresql://ops:hunter2@db/ops", "hunter2"),
        ("{'client_secret': 'hunter2'}", "hunter2"),
        ("password=hunter2&x=1", "hunter2"),
        ("密码：hunter2", "hunter2"),
        ("key opsk_A1b2C3d4E5f6G7h8I9j0K1l2", "A1b2C3d4E5f6"),
    ],
)
def test_what_looks_personal_inside_a_text_is_masked(text: str, gone: str) -> None:
    assert gone not in mask_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "run 01935a2b-1111-7222-8333-123456789012 took 12.5 s",
        "2026-11-21T03:00:22.123456Z",
        "4111 1111 1111 1112 fails the check digit",
        "port 8700, pid 13800",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ],
)
def test_ordinary_numbers_in_a_text_stay(text: str) -> None:
    assert mask_text(text) == text


def test_masking_reaches_the_bottom_and_keeps_the_shape() -> None:
    customer = {
        "customer": {"name": "张三", "contacts": [{"email": "a@b.com"}], "score": 3},
        "auth": {"token": "t" * 30},
    }
    assert mask_mapping(customer) == {
        "customer": {"name": "张*", "contacts": [{"email": "a***@b***.com"}], "score": 3},
        "auth": {"token": SECRET},
    }


def test_a_mapping_under_a_personal_name_is_personal_throughout() -> None:
    assert mask("address", {"city": "Beijing", "lines": ["Main St"]}) == {"city": "B*", "lines": ["M*"]}


def test_fields_declared_personal_are_masked_whatever_their_name() -> None:
    assert mask_mapping({"motto": "carpe diem", "score": 3}, personal=["motto"]) == {"motto": "c*", "score": 3}


def test_who_may_see_personal_values_still_sees_no_secret() -> None:
    order = {"email": "a@b.com", "headers": [{"Authorization": "Bearer abcdef"}], "note": "token=abcdef", "empty": None}
    assert mask_secrets(order) == {
        "email": "a@b.com",
        "headers": [{"Authorization": SECRET}],
        "note": f"token={SECRET}",
        "empty": None,
    }


def test_equal_values_are_masked_alike_and_masking_again_changes_nothing() -> None:
    once = mask_mapping({"email": "alice@example.com", "phone": "13800138000", "token": "x"})
    assert once == mask_mapping({"email": "alice@example.com", "phone": "13800138000", "token": "x"})
    assert mask_mapping(once) == once


def test_a_bottomless_value_is_cut_off() -> None:
    deep: dict[str, Any] = {"value": "alice"}
    for _ in range(50):
        deep = {"inner": deep}
    assert "alice" not in str(mask_mapping(deep))
    assert "alice" not in str(mask_secrets(deep))


@pytest.mark.req("FLO-009")
def test_an_address_in_the_place_of_a_name_is_masked() -> None:
    masked = mask_mapping({"alice@example.com": 1, "answer": {"+86 138 0013 8000": {"bob@example.com": 2}}})
    assert masked == {"a***@e***.com": 1, "answer": {"+** *** **** **00": {"b***@e***.com": 2}}}


def test_what_lies_in_a_field_that_was_said_to_be_personal_is_personal() -> None:
    given = {"values": {"k1": "王小明", "k2": ["someone"], "k3": None}, "base": {"k1": "plain"}}
    masked = mask_mapping(given, personal={"values"})
    assert masked == {"values": {"k1": "王*", "k2": ["s*"], "k3": None}, "base": {"k1": "plain"}}


@pytest.mark.parametrize("text", ["x" * 1_000_000, "a@" * 300_000, "-eyJ" * 100_000])
def test_a_long_text_that_only_begins_like_something_is_looked_through_once(text: str) -> None:
    assert mask_text(text) == text  # the limit of every test stands against time that grows with the square
