"""What people and logs may see of a value: personal values in outline, secrets not at all."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

SECRET = "••••"  # noqa: S105 - what is shown in the place of a secret
DEPTH_MAX = 20

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")


def _listed(names: str) -> frozenset[str]:
    return frozenset(names.split())


_SECRET_WORDS = _listed(
    "password passwd passphrase pwd secret secrets token authorization cookie credential credentials otp pin cvv cvc"
)
_SECRET_NAMES = _listed(
    "apikey privatekey accesskey signingkey secretkey encryptionkey sessionid sessionkey onetimecode verificationcode "
    "密码 口令 密钥 令牌 验证码 凭证"
)
# A name that ends so tells something about a secret, not the secret: `token_expires_at`, `secret_name`.
_ABOUT_A_SECRET = frozenset({"name", "count", "type", "at", "ttl"})


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]


def is_secret(name: str) -> bool:
    """Whether a field of this name holds a secret, in English or Chinese, in any spelling (`apiKey`, `API-KEY`)."""
    words = _words(name)
    if words and words[-1] in _ABOUT_A_SECRET:
        return False
    joined = "".join(words)
    return not _SECRET_WORDS.isdisjoint(words) or any(part in joined for part in _SECRET_NAMES)


def is_personal(name: str, value: Any) -> bool:
    """Whether the field's name says that it is about a person, or its text holds something that looks so."""
    return _kind(name) is not None or (isinstance(value, str) and _mask_personal_text(value) != value)


def mask(name: str, value: Any) -> Any:
    """The value as it may be shown; equal values stay equal, and mappings and lists keep their shape."""
    return _mask(name, value, personal=frozenset(), depth=0)


def mask_mapping(mapping: Mapping[str, Any], *, personal: Collection[str] = ()) -> dict[str, Any]:
    """The mapping with every secret and every personal value masked, to the bottom.

    `personal` names more fields that hold personal values, whatever they are called.
    """
    return {
        _masked_key(name): _mask(name, value, personal=frozenset(personal), depth=1) for name, value in mapping.items()
    }


def mask_secrets(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping for those who may see personal values: only secrets are masked, to the bottom."""
    return {name: _mask_secret(name, value, depth=1) for name, value in mapping.items()}


def mask_text(text: str) -> str:
    """The text with everything masked in it that looks like a secret or an e-mail address, phone, card or ID number."""
    return _mask_personal_text(_mask_secret_text(text))


def _mask(name: str, value: Any, *, personal: frozenset[str], depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if is_secret(name) or depth > DEPTH_MAX:
        return SECRET
    if isinstance(value, Mapping):
        return {
            _masked_key(key): _mask(_inner(name, key, personal), item, personal=personal, depth=depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_mask(name, item, personal=personal, depth=depth + 1) for item in value]
    kind = _kind(name) or (_mask_name if name in personal else None)
    if kind is not None:
        return kind(str(value))
    return mask_text(value) if isinstance(value, str) else value


def _masked_key(key: Any) -> Any:
    """What somebody else sent may have an address where a name is expected."""
    return mask_text(key) if isinstance(key, str) and not key.isidentifier() else key


def _inner(name: str, key: Any, personal: frozenset[str]) -> str:
    """The name a value inside a personal field goes by: `address: {city: …}` stays personal."""
    own = str(key)
    if is_secret(own) or _kind(own) is not None:
        return own
    return name if _kind(name) is not None or name in personal else own


def _mask_secret(name: str, value: Any, *, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if is_secret(name) or depth > DEPTH_MAX:
        return SECRET
    if isinstance(value, Mapping):
        return {key: _mask_secret(str(key), item, depth=depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_mask_secret(name, item, depth=depth + 1) for item in value]
    return _mask_secret_text(value) if isinstance(value, str) else value


def _mask_name(text: str) -> str:
    return text[:1] + "*" if text else text


def _mask_email(text: str) -> str:
    local, at, domain = text.partition("@")
    if not at:
        return _mask_name(text)
    host, dot, top = domain.rpartition(".")
    return f"{local[:1]}***@{host[:1]}***{dot}{top}" if host else f"{local[:1]}***@{domain[:1]}***"


def _mask_digits(text: str, *, keep_last: int) -> str:
    """Every letter and digit but the last few becomes a star; separators and a leading plus stay."""
    # Stars count, so that masking what is masked changes nothing.
    left = sum(character.isalnum() or character == "*" for character in text)
    keep_last = min(keep_last, left // 3)
    masked = []
    for character in text:
        covered = character.isalnum() or character == "*"
        masked.append("*" if covered and left > keep_last else character)
        left -= covered
    return "".join(masked)


def _mask_phone(text: str) -> str:
    return _mask_digits(text, keep_last=2)


def _mask_number(text: str) -> str:
    return _mask_digits(text, keep_last=2)


def _mask_card(text: str) -> str:
    return _mask_digits(text, keep_last=4)


def _mask_all(text: str) -> str:
    return _mask_digits(text, keep_last=0)


_PERSONAL_NAMES: dict[Callable[[str], str], frozenset[str]] = {
    _mask_email: _listed("email mail emailaddress mailaddress 邮箱 邮件地址 电子邮件"),
    _mask_phone: _listed(
        "phone phonenumber mobile mobilenumber telephone cellphone msisdn tel fax whatsapp 手机 手机号 电话 联系方式"
    ),
    _mask_name: _listed(
        "firstname lastname middlename fullname realname givenname familyname surname legalname username nickname "
        "displayname customername contactname holdername recipientname applicantname address street wechat wechatid "
        "姓名 名字 联系人 收件人 收货人 持卡人 昵称 用户名 地址 住址 微信 微信号"
    ),
    _mask_number: _listed(
        "idnumber idcard idcardnumber idno nationalid identitynumber passport passportnumber taxid ssn "
        "socialsecuritynumber 身份证 证件号 护照"
    ),
    _mask_card: _listed("cardnumber bankcard creditcard bankaccount accountnumber iban 银行卡 卡号 银行账号"),
    _mask_all: _listed("birthday birthdate dateofbirth dob 生日 出生日期"),
}
# They end like the address of a person, and are about machines.
_IMPERSONAL = _listed("ipaddress macaddress hostaddress baseaddress bindaddress listenaddress")
# `email_to` and `phone2` are an e-mail address and a phone number all the same.
_QUALIFIERS = _listed("to from cc bcc raw old new primary secondary work home value")


def _kind(name: str) -> Callable[[str], str] | None:
    """How a personal field of this name is masked; None if it is not personal."""
    words = [word for word in _words(name) if not word.isdigit()]
    while len(words) > 1 and words[-1] in _QUALIFIERS:
        words.pop()
    if words == ["name"]:
        return _mask_name
    # Only whole words count, and only at the end: `hotel` is no phone, `email_status` is no address.
    endings = {"".join(words[start:]) for start in range(len(words))}
    if endings & _IMPERSONAL:
        return None
    chinese = "".join(word for word in words if not word.isascii())
    for masker, known in _PERSONAL_NAMES.items():
        if endings & known or any(part in chinese for part in known if not part.isascii()):
            return masker
    return None


_SECRET_PATTERNS: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), SECRET),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), rf"\1 {SECRET}"),
    (re.compile(r"\beyJ[\w-]{8,2000}\.[\w-]{4,}(?:\.[\w-]*)?"), SECRET),
    (re.compile(r"(://[^\s:/@]*:)[^\s@/]+@"), rf"\1{SECRET}@"),
    (re.compile(r"\b[a-z]{2,8}[_-][A-Za-z0-9]{24,}\b"), SECRET),
    (
        re.compile(
            r"(?i)((?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|authorization|cookie|密码|口令|密钥|令牌|验证码)"
            r"[\"']?\s*[=:：]\s*[\"']?)(?!••••)[^\s\"',;&}]+"
        ),
        rf"\1{SECRET}",
    ),
]

# Only where a run of such characters begins: looking within it finds nothing else, and takes quadratic time.
_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]+@[\w-]+(?:\.[\w-]+)+", re.UNICODE)
_ID_NUMBER = re.compile(
    r"(?<![\w-])[1-9]\d{5}(?:(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]"
    r"|\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3})(?![A-Za-z0-9_-])",
    re.ASCII,
)
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){13,18}(?![A-Za-z0-9_-])", re.ASCII)
_PHONE = re.compile(
    r"(?<![A-Za-z0-9_.+-])(?:"
    r"(?:\+?86[ -]?|0086[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}"  # Chinese mobile
    r"|0\d{2,3}-\d{7,8}"  # Chinese landline
    r"|\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,5}\d"  # international
    r"|(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}"  # North American
    r")(?![A-Za-z0-9_-])",
    re.ASCII,
)


def _mask_secret_text(text: str) -> str:
    for pattern, replacement in _SECRET_PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _mask_personal_text(text: str) -> str:
    text = _EMAIL.sub(lambda found: _mask_email(found.group()), text)
    text = _ID_NUMBER.sub(lambda found: _mask_number(found.group()), text)
    text = _CARD.sub(lambda found: _mask_card(found.group()) if _passes_luhn(found.group()) else found.group(), text)
    return _PHONE.sub(
        lambda found: _mask_phone(found.group()) if _has_digits(found.group(), 8) else found.group(), text
    )


def _has_digits(text: str, least: int) -> bool:
    return sum(character.isdigit() for character in text) >= least


def _passes_luhn(text: str) -> bool:
    """The check digit that every payment card carries (ISO/IEC 7812-1); other long numbers are left alone."""
    total = 0
    for position, character in enumerate(reversed([c for c in text if c.isdigit()])):
        digit = int(character) * (1 + position % 2)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0
