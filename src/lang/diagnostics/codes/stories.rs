//! Stories: E08xx.

use super::Page;

/// The pages.
#[rustfmt::skip] // one field per line, long texts unbroken
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "E0801",
        zh: "故事里还没有出现过",
        en: "Not introduced in the story",
        what_zh: "账号、地点和微信用户要先出现，后面才能用。",
        what_en: "Accounts, places and WeChat users are introduced before they are used.",
        bad: "test \"登录\" {\n    account alice phone \"13800138000\"\n    login alise\n    expect allowed\n}\n",
        good: "test \"登录\" {\n    account alice phone \"13800138000\"\n    login alice\n    expect allowed\n}\n",
    },
    Page {
        code: "E0802",
        zh: "故事里不能这样写",
        en: "An unknown word in a story",
        what_zh: "这个词不认识，或者同一项写了两次。",
        what_en: "The word is unknown, or the same thing is said twice.",
        bad: "test \"登录\" {\n    account alice phone \"13800138000\" phone \"13900139000\"\n    login alice\n    expect allowed\n}\n",
        good: "test \"登录\" {\n    account alice phone \"13800138000\"\n    login alice\n    expect allowed\n}\n",
    },
    Page {
        code: "E0803",
        zh: "故事里的值不对",
        en: "A wrong value in a story",
        what_zh: "验证码是 6 位数字，ip 要是地址，名字不能重复。",
        what_en: "Codes are six digits, ip is an address, names are introduced once.",
        bad: "test \"绑定\" {\n    account alice phone \"13800138000\" code \"4829\"\n    login alice\n    expect allowed\n}\n",
        good: "test \"绑定\" {\n    account alice phone \"13800138000\" code \"482913\"\n    login alice\n    expect allowed\n}\n",
    },
];
