//! Dialogs: E05xx.

use super::Page;

/// The pages.
#[rustfmt::skip] // one field per line, long texts unbroken
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "E0501",
        zh: "没有这个对话",
        en: "Unknown dialog",
        what_zh: "start 后面是 dialog 的名字。",
        what_en: "After start stands a dialog's name.",
        bad: "on text \"报名\" {\n    start sign_upp\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\"\n    cancel on \"取消\" { reply \"已取消\" }\n    done { reply \"好的，{nick}\" }\n}\n",
        good: "on text \"报名\" {\n    start sign_up\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\"\n    cancel on \"取消\" { reply \"已取消\" }\n    done { reply \"好的，{nick}\" }\n}\n",
    },
    Page {
        code: "E0502",
        zh: "对话没有 done",
        en: "A dialog without done",
        what_zh: "问完以后做什么，写在 done 里。",
        what_en: "What happens when everything is asked stands in done.",
        bad: "on text \"报名\" {\n    start sign_up\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\"\n    cancel on \"取消\" { reply \"已取消\" }\n}\n",
        good: "on text \"报名\" {\n    start sign_up\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\"\n    cancel on \"取消\" { reply \"已取消\" }\n    done { reply \"好的，{nick}\" }\n}\n",
    },
    Page {
        code: "E0503",
        zh: "ask again 写得不对",
        en: "ask again cannot stand here",
        what_zh: "ask again 写在对话的 done 里，后面是这个对话问的一项。",
        what_en: "ask again stands in a dialog's done and names one of its slots.",
        bad: "on text \"报名\" {\n    start sign_up\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\"\n    cancel on \"取消\" { reply \"已取消\" }\n    done {\n        reply \"再说一次\"\n        ask again nickname\n    }\n}\n",
        good: "on text \"报名\" {\n    start sign_up\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\"\n    cancel on \"取消\" { reply \"已取消\" }\n    done {\n        reply \"再说一次\"\n        ask again nick\n    }\n}\n",
    },
    Page {
        code: "E0504",
        zh: "交给对话的值类型不对",
        en: "A wrong type is handed to a dialog",
        what_zh: "start … with 交过去的名字，要和对话里同名的一项、和别处交过去的同一个类型。",
        what_en: "What start … with hands over must have the type of the slot of that name, and of the other places that hand it over.",
        bad: "on text \"报名 {nick: number}\" {\n    start sign_up with nick\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\"\n    cancel on \"取消\" { reply \"已取消\" }\n    done { reply \"好的，{nick}\" }\n}\n",
        good: "on text \"报名 {nick: word}\" {\n    start sign_up with nick\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\"\n    cancel on \"取消\" { reply \"已取消\" }\n    done { reply \"好的，{nick}\" }\n}\n",
    },
    Page {
        code: "E0505",
        zh: "对话不要这个名字",
        en: "A dialog does not take this name",
        what_zh: "start … with 交过去的名字，对话里要有：它问的一项，或者它用到的名字。",
        what_en: "What start … with hands over must be something the dialog asks for or looks at.",
        bad: "on text \"报名 {who: word}\" {\n    start sign_up with who\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\"\n    cancel on \"取消\" { reply \"已取消\" }\n    done { reply \"好的，{nick}\" }\n}\n",
        good: "on text \"报名 {nick: word}\" {\n    start sign_up with nick\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\"\n    cancel on \"取消\" { reply \"已取消\" }\n    done { reply \"好的，{nick}\" }\n}\n",
    },
];
