//! Lists and their files: E07xx.

use super::Page;

/// The pages.
#[rustfmt::skip] // one field per line, long texts unbroken
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "E0701",
        zh: "列表文件在文件夹外面",
        en: "A list file outside the folder",
        what_zh: "列表文件的路径相对于规则文件，不能离开规则文件夹。",
        what_en: "A list file's path is relative to its rule file and stays inside the rules folder.",
        bad: "list office: network from \"../office.txt\"\non login when login.ip in office {\n    note \"办公室\"\n}\n",
        good: "list office: network from \"lists/office.txt\"\non login when login.ip in office {\n    note \"办公室\"\n}\n",
    },
    Page {
        code: "E0702",
        zh: "找不到列表文件",
        en: "A list file is missing",
        what_zh: "这个路径没有文件。路径相对于写着它的规则文件。",
        what_en: "There is no file at this path, which is relative to the rule file it stands in.",
        bad: "list office: network from \"lists/ofice.txt\"\non login when login.ip in office {\n    note \"办公室\"\n}\n",
        good: "list office: network from \"lists/office.txt\"\non login when login.ip in office {\n    note \"办公室\"\n}\n",
    },
    Page {
        code: "E0703",
        zh: "列表里有一行不对",
        en: "A bad entry of a list file",
        what_zh: "列表文件一行一项，空行和 # 后面的注释不算。每一项都要是列表的类型。",
        what_en: "A list file has one entry per line; blank lines and comments after # do not count. Every entry must be of the list's type.",
        bad: "list office: network from \"lists/bad.txt\"\non login when login.ip in office {\n    note \"办公室\"\n}\n",
        good: "list office: network from \"lists/office.txt\"\non login when login.ip in office {\n    note \"办公室\"\n}\n",
    },
    Page {
        code: "E0704",
        zh: "列表的类型不对",
        en: "Unknown type of a list",
        what_zh: "列表可以是 text、number、network、ip、phone、machine、account。",
        what_en: "A list is of text, number, network, ip, phone, machine or account.",
        bad: "list office: netwrk from \"lists/office.txt\"\n",
        good: "list office: network from \"lists/office.txt\"\non login when login.ip in office {\n    note \"办公室\"\n}\n",
    },
];
