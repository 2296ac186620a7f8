"""Takes personal data out of quotes: what is masked everywhere, and all that may be an account."""

from __future__ import annotations

import re

from opsnb.base.personal_data import MASK, without_personal

_WHO = r"(?:user|member|customer|用户|会员|客户|账户|账号)"

_PATTERNS = (
    re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE),
    re.compile(r"[\w.+-]+[@＠][\w-]+(?:\.[\w-]+)+"),
    # An account after its kind: 微信 abc_123, QQ: 12345, VX abc123
    re.compile(
        r"(?i)((?:微信号?|wechat|weixin|vx|v信|qq|支付宝)(?:\s*(?:id|号|是|为))?[\s:：]*)"
        r"[a-z0-9][\w-]{4,}"
    ),
    # The shop's own name for somebody: user id u_1042, 会员号：88213, 账号 abc123
    re.compile(
        rf"(?i)({_WHO}[\s_-]?(?:id|no|number|号码?|编号)[.:：#\s]*)(?=[a-z_-]*\d)[a-z0-9_-]+"
    ),
    re.compile(rf"(?i)({_WHO}[.:：#\s]*)(?=[a-z_-]*\d{{3}})[a-z0-9_-]+"),
    re.compile(r"(?<![\w])@[\w-]{2,}"),
    # Phone, card, identity and order numbers: six or more digits, however they are spaced.
    re.compile(r"(?<!\d)\+?\d(?:[\s(),.-]{0,2}\d){5,}[xX]?"),
    re.compile(r"[零〇一二三四五六七八九幺]{7,}"),
)


def masked(text: str) -> str:
    """The text with e-mail and web addresses, accounts and long numbers replaced by `***`.

    >>> masked("call 138 0013 8000 or a.b@example.com")
    'call *** or ***'
    """
    text = without_personal(text)
    for pattern in _PATTERNS:
        text = pattern.sub(lambda m: (m.group(1) if m.re.groups else "") + MASK, text)
    return text
