"""What tells who somebody is: addresses, phone and identity numbers, links that lead to a person.

One definition for what reports mask, what samples of bad rows hide, and what `opsnb check` warns
of. Numbers of orders are no numbers of people: digits count only in the forms that phones and
identity cards have, and never as a part of a longer word or number.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator

MASK = "***"

_BEFORE, _AFTER = r"(?<![A-Za-z0-9_.,+])", r"(?![A-Za-z0-9_%]|[.,]\d)"
"""A number stands alone: not within a word, a decimal or an amount."""

_SHORTENERS = (
    "t.cn", "dwz.cn", "url.cn", "w.url.cn", "suo.im", "m.tb.cn", "c.tb.cn", "u.jd.com", "3.cn",
    "v.douyin.com", "b23.tv", "xhslink.com", "bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly",
    "is.gd", "buff.ly", "rebrand.ly", "lnkd.in", "rb.gy", "cutt.ly", "shorturl.at", "wa.me", "t.me",
)  # fmt: skip
_TOKENS = (
    r"(?:access_?|auth_?|id_?)?token|api_?key|secret|sig|signature|session(?:_?id)?|sid|uid|user_?id"
    r"|member_?id|open_?id|union_?id|phone|mobile|tel|e?mail|ticket|password|pwd"
)

_FORMS = {
    "email": (
        r"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
    ),
    # A short link, which leads to one person's page, and any link that carries a token.
    "link": (
        r"(?<![A-Za-z0-9_.@-])(?:https?://)?(?:"
        + "|".join(map(re.escape, _SHORTENERS))
        + r")/[A-Za-z0-9_+-]+"
        + rf"|https?://[^\s\"'<>?#]+[?#][^\s\"'<>]*?(?<![A-Za-z])(?:{_TOKENS})=[^\s\"'<>]+"
    ),
    # Eighteen digits of a Chinese identity card: place, birthday, number, check digit.
    "identity": (
        _BEFORE + r"[1-9]\d{5}[ -]?(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
        r"[ -]?\d{3}[\dXx](?![A-Za-z0-9_])"
    ),
    # A mobile number of mainland China, with its country's code or without.
    "mobile": (
        _BEFORE + r"(?:(?:\+|00)86[ -]?)?1[3-9]\d(?:\d{8}|([ .-])\d{4}\1\d{4}|[ -]\d{8})" + _AFTER
    ),
    "phone": (
        _BEFORE
        + "(?:"
        # Any other country's: a plus (or 00), its code, and six to twelve digits more.
        + r"(?:\+[1-9]|00[1-9])\d{0,2}[ -]?(?:\(\d{1,4}\)[ -]?)?\d(?:[ -]?\d){5,11}"
        + r"|\+[1-9]\d{0,2}(?:\.\d{1,4}){3,5}"
        # Area code and number: 010-62781234, 020 7946 0958, 0151 23456789, 090-1234-5678.
        + r"|\(0[1-9]\d{1,3}\)[ -]?\d{3,4}[ -]?\d{4}"
        + r"|0[1-9]\d{1,3}[ /-]\d{6,8}"
        + r"|0[1-9]\d{1,3}(?P<a>[ -])\d{3,4}(?P=a)\d{3,4}"
        + r"|0[1-9]-\d{4}-\d{4}"
        + r"|(?<![-/])(?<!\d )0[1-9](?P<b>[ .-])\d\d(?:(?P=b)\d\d){3}(?![ .-]\d)"
        # North America, whose groups do not begin with 0 or 1: (415) 555-2671, 415-555-2671.
        + r"|\([2-9]\d\d\)[ -]?[2-9]\d\d[ -]\d{4}"
        + r"|[2-9]\d\d(?P<c>[.-])[2-9]\d\d(?P=c)\d{4}"
        + ")"
        + _AFTER
        # Whatever follows the word for it.
        + r"|(?i:(?<![A-Za-z])(?:tel|phone|mobile|whatsapp)|电话|手机号?|联系方式)"
        r"[.:： ]{0,3}(?:no\.? ?)?\d(?:[ -]?\d){6,12}(?![A-Za-z0-9_%]|[.,]\d)"
    ),
    # A street with its number, and a flat.
    "address": (
        r"[\u4e00-\u9fff](?:路|街|巷|大道|胡同)\s?\d{1,5}(?:-\d{1,4})?\s?(?:号|弄)"
        r"(?:[\u4e00-\u9fffA-Za-z]{0,6}\d{1,5}(?:号楼|栋|幢|座|单元|楼|层|室|号))*"
        r"|(?<![A-Za-z0-9.,])\d{1,4}(?:号楼|栋|幢)\s?(?:\d{1,2}\s?单元\s?)?\d{2,5}\s?[室号]"
        r"|(?<![A-Za-z0-9.,])\d{1,5}[A-Za-z]? (?:(?:[NSEW]\.?|[A-Z][a-z]+) ){1,3}"
        r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane)\b(?!-)"
    ),
}  # fmt: skip
_KINDS = {kind: re.compile(form) for kind, form in _FORMS.items()}

KINDS = tuple(_KINDS)
"""What is told apart, in the order in which it is looked for."""

_WIDE, _PLAIN = "０１２３４５６７８９＋－—（）．　＠／", "0123456789+--(). @/"
"""Signs of full width as plain ones, one for one, so that places in the text stay."""

_DISTRICT = 12
"""Chinese signs before a street's own name that go with it: its city and district."""

_SIGN = re.compile(r"[0-9０-９@＠/／]")
"""Without one of these a text holds nothing of the kinds."""

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


def is_identity(number: str) -> bool:
    """Whether the check digit of an 18-digit Chinese identity number fits (GB 11643-1999)."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:17], strict=True))
    return _CHECK[total % 11] == number[17].upper()


def personal(text: str) -> Iterator[tuple[str, str]]:
    """Kind and text of everything personal, kind by kind."""
    for kind, start, end in _spans(text):
        yield kind, text[start:end]


def counted(text: str) -> Counter[str]:
    """How often each kind occurs in a text."""
    return Counter(kind for kind, _ in personal(text))


def without_personal(text: str, keep: Collection[str] = ()) -> str:
    """The text with everything personal but `keep` as `***`.

    >>> without_personal("138 0013 8000, a.b@example.com, 11010519491231002X, 20261031")
    '***, ***, ***, 20261031'
    """
    spans = [(s, e) for _, s, e in _spans(text) if text[s:e] not in keep]
    shown, end = [], 0
    for start, stop in sorted(spans):
        if start >= end:
            shown += [text[end:start], MASK]
        end = max(end, stop)
    return "".join([*shown, text[end:]]) if spans else text


def _spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind and place of everything personal; what one kind has found, the later ones do not."""
    if not _SIGN.search(text):
        return
    plain = text
    if not text.isascii():
        for wide, narrow in zip(_WIDE, _PLAIN, strict=True):
            plain = plain.replace(wide, narrow)
    has_at = "@" in plain
    taken: list[tuple[int, int]] = []
    for kind, pattern in _KINDS.items():
        if kind == "email" and not has_at:
            continue  # looking for the sign alone takes next to no time
        for match in pattern.finditer(plain):
            start, end = match.span()
            if kind == "address":
                start = _with_district(plain, start)
            if any(start < e and s < end for s, e in taken) or not _holds(kind, match[0]):
                continue
            taken.append((start, end))
            yield kind, start, end


def _with_district(text: str, start: int) -> int:
    """Where the Chinese signs before a street begin."""
    first = max(start - _DISTRICT, 0)
    while (
        start > first
        and "\u4e00" <= text[start] <= "\u9fff"
        and ("\u4e00" <= text[start - 1] <= "\u9fff")
    ):
        start -= 1
    return start


def _holds(kind: str, text: str) -> bool:
    return kind != "identity" or is_identity(re.sub("[ -]", "", text))


# -- columns -----------------------------------------------------------------------------

_WHOSE = (
    "customer|client|buyer|member|user|person|contact|receiver|recipient|consignee|payer"
    "|payee|holder|cardholder|owner|guest|patient|student|employee|passenger|author|shipping"
    "|billing|ship|bill|delivery|first|last|full|real|given|family|middle|sur|nick|maiden"
    "|guardian"
)
_NAMES = re.compile(
    r"(?:^|_)(?:e?mails?|phones?|mobiles?|tel|telephone|cell_?phone|fax|address(?:es)?|addr|street"
    r"|zip|zip_?code|post(?:al)?_?code|birth(?:day|date|_date)?|date_of_birth|dob|id_?card|id_?no"
    r"|identity|passport|ssn|national_id|tax_id|license_plate|iban|bank_?account|card_?n(?:o|umber)"
    rf"|(?:{_WHOSE})_?names?|surname|nick|open_?id|union_?id|wechat|weixin|qq|alipay"
    r"|ip|ip_?addr(?:ess)?|mac_?addr(?:ess)?|device_id|imei|idfa|oaid|latitude|longitude|gps"
    r"|consignee|recipient|receiver)(?:$|_)"
    r"|姓名|手机|电话|身份证|证件号|护照|邮箱|住址|地址|生日|昵称|微信|收货人|收件人|联系人|联系方式"
    r"|买家名|会员名|客户名|用户名|真实名|银行卡|车牌|户名|邮编"
)
_MAYBE = re.compile(
    r"^(?:name|customer|client|buyer|member|user|person|contact|guest|patient|author|passenger"
    r"|payer)s?$|客户|买家|会员|顾客|名字|称呼"
)
"""Names of columns that hold people only where they hold many different texts."""

_MANY = 50
"""Different texts from which a column of such a name is a list of people."""

_NO_PERSON = re.compile(
    r"(?:^|_)(?:ids?|key|type|level|tier|segment|group|count|n|num|flag|status|class|kind)$"
    r"|编号|类型|等级|分组|人数|数量"
)
"""Ends of names of columns that tell of people, and are no names."""


def is_personal_name(column: str, different: int | None = None) -> bool:
    """Whether a column of that name holds what tells who people are.

    Parameters
    ----------
    different : int, optional
        How many different texts it holds, where it is known: a column `name` is one of people
        from some dozens on, and one of plans or shops below.

    >>> [is_personal_name(c) for c in ("customer_name", "BuyerEmail", "收货人", "campaign_name")]
    [True, True, True, False]
    """
    name = _snake(column)
    if _NAMES.search(name):
        return True
    maybe = different is not None and different >= _MANY
    return maybe and bool(_MAYBE.search(name)) and not _NO_PERSON.search(name)


def _snake(column: str) -> str:
    plain = unicodedata.normalize("NFKC", column).strip()
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain)
    return re.sub(r"[^\w]+", "_", plain).lower()
