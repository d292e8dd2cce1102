//! Warnings: W10xx.

use super::Page;

/// The pages.
#[rustfmt::skip] // one field per line, long texts unbroken
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "W1001",
        zh: "没有用到",
        en: "Never used",
        what_zh: "定义了却没有用到的 let、list、extractor、dialog：要么忘了用，要么可以删掉。",
        what_en: "A let, list, extractor or dialog that nothing uses: forgotten, or to be removed.",
        bad: "let usual = 90 days\non text \"你好\" {\n    reply \"您好\"\n}\n",
        good: "let usual = 90 days\non login when new(login.city, within: usual) {\n    note \"新城市\"\n}\n",
    },
    Page {
        code: "W1002",
        zh: "正则里有 \\b 或 \\d",
        en: "\\b or \\d in a regular expression",
        what_zh: "\\b 认不出中文的词，\\d 也包括其他文字的数字。写 [0-9]，或者用 digits(6) 这样的提取器。",
        what_en: "\\b does not see Chinese words and \\d takes digits of every script. Write [0-9], or an extractor such as digits(6).",
        bad: "on text matching \"订单\\\\d+\" {\n    reply \"正在查\"\n}\n",
        good: "on text matching \"订单[0-9]+\" {\n    reply \"正在查\"\n}\n",
    },
    Page {
        code: "W1003",
        zh: "条件总是成立",
        en: "The condition always holds",
        what_zh: "这个比较对任何登录都成立，等于没有写。",
        what_en: "The comparison holds for every login and might as well be left out.",
        bad: "on login when count(failures, within: 1 hour) >= 0 {\n    note \"输错\"\n}\n",
        good: "on login when count(failures, within: 1 hour) >= 1 {\n    note \"输错\"\n}\n",
    },
    Page {
        code: "W1004",
        zh: "对话没有出口",
        en: "A dialog without a way out",
        what_zh: "用户说不出合适的回答时，要能取消，或者试几次以后结束。",
        what_en: "Who cannot give a fitting answer must be able to cancel, or be let go after some tries.",
        bad: "on text \"报名\" {\n    start sign_up\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\"\n    done { reply \"好的，{nick}\" }\n}\n",
        good: "on text \"报名\" {\n    start sign_up\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\"\n    cancel on \"取消\" { reply \"已取消\" }\n    done { reply \"好的，{nick}\" }\n}\n",
    },
    Page {
        code: "W1005",
        zh: "这种写法永远轮不到",
        en: "An alternative that never answers",
        what_zh: "同样的文字前面已经有规则（或者同一条规则的另一种写法）回答了。",
        what_en: "The same text is already answered by an earlier rule, or by another alternative of this one.",
        bad: "on text \"帮助\" or \"help\" or \"ＨＥＬＰ\" {\n    reply \"发送“绑定”开始\"\n}\n",
        good: "on text \"帮助\" or \"help\" {\n    reply \"发送“绑定”开始\"\n}\n",
    },
    Page {
        code: "W1006",
        zh: "次数和 give up 不成对",
        en: "Tries and give up do not match",
        what_zh: "`at most 3 times` 用完以后执行 `give up`；有一个就该有另一个。",
        what_en: "`give up` runs when `at most 3 times` is used up; one wants the other.",
        bad: "on text \"报名\" {\n    start sign_up\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\" at most 3 times\n    done { reply \"好的，{nick}\" }\n}\n",
        good: "on text \"报名\" {\n    start sign_up\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\" at most 3 times\n    give up { reply \"先到这里\" }\n    done { reply \"好的，{nick}\" }\n}\n",
    },
    Page {
        code: "W1007",
        zh: "continue 没有作用",
        en: "continue means nothing here",
        what_zh: "登录和账号的规则本来就会全部执行。",
        what_en: "All rules for logins and accounts act anyway.",
        bad: "on login when not login.legal continue {\n    note \"伪造\"\n}\n",
        good: "on login when not login.legal {\n    note \"伪造\"\n}\n",
    },
];
