//! English texts of the command line and their Chinese twins. A test finds an English one without its
//! twin and a twin whose English is gone.

/// What the English text is in Chinese.
pub(super) fn twin(english: &str) -> Option<&'static str> {
    WORDS
        .iter()
        .find(|(known, _)| *known == english)
        .map(|(_, chinese)| *chinese)
}

/// Every English text that has a twin.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    WORDS.iter().map(|(english, _)| *english)
}

const WORDS: &[(&str, &str)] = &[
    (
        "门神 Menshen: a WeChat official-account bot whose conversations and login guard are rule files",
        "门神 Menshen：公众号机器人，对话和登录防护都写成规则文件",
    ),
    // Commands.
    (
        "Run the bot with a simulated WeChat platform and a sample information system",
        "在本机试用：带模拟的微信平台和示例信息系统",
    ),
    ("Run the server", "运行服务器"),
    (
        "Report every mistake in rule files",
        "检查规则文件，报告所有错误",
    ),
    ("Format rule files", "整理规则文件的格式"),
    (
        "Run the stories in rule files",
        "运行规则文件里的故事（测试）",
    ),
    (
        "Make a story of what happened to an account: a stretch of the event log that `menshen test` runs again",
        "把一个账号发生过的事写成故事，以后用 `menshen test` 重演",
    ),
    (
        "Say why a message is answered, or a login judged, as it is; and why other rules are not",
        "解释一条消息为什么这样回答、一次登录为什么这样判断，别的规则又为什么没有执行",
    ),
    ("Talk to the bot in the terminal", "在终端里和机器人对话"),
    (
        "Run rules over past logins: what they would have done, and what a change would",
        "用过去的登录检验规则：它们会做什么，改动又会带来什么",
    ),
    (
        "Make up logins with labelled attackers among them, to try rules on",
        "生成一批虚构的登录，其中有标明的攻击者，供试验规则",
    ),
    (
        "Print events, fields, functions, extractors, units, actions and outcomes",
        "列出所有事件、字段、函数、提取器、单位、动作和结果",
    ),
    (
        "Find what is wrong with a set-up, and say how to cure it",
        "检查部署有什么问题，并说明怎样解决",
    ),
    (
        "Run the language server for editors, over standard input and output",
        "给编辑器用的语言服务，走标准输入输出",
    ),
    (
        "Explain a diagnostic code or a command",
        "解释一个错误编号或一个命令",
    ),
    (
        "Make a new set-up: configuration, secrets, rules and store",
        "新建一套部署：配置、密钥、规则和数据库",
    ),
    (
        "Look at earlier generations of the rules, and go back to one; also while the server runs",
        "查看以前各代规则，或退回其中一代；服务器运行时也行",
    ),
    (
        "List the generations, the newest first",
        "列出各代，新的在前",
    ),
    ("Print the files of a generation", "打印某一代的文件"),
    (
        "Put the files of a generation back and run them",
        "把某一代的文件放回去并启用",
    ),
    (
        "Make, list and revoke API keys; also while the server runs",
        "新建、列出、吊销 API 密钥；服务器运行时也行",
    ),
    ("Make a key and print it", "新建一个密钥并打印出来"),
    ("List the keys", "列出密钥"),
    ("Revoke a key from now on", "从现在起吊销一个密钥"),
    (
        "Write everything in the store as lines of JSON",
        "把数据库里的一切写成一行行 JSON",
    ),
    (
        "Read an export into an empty store",
        "把导出的文件读进空的数据库",
    ),
    (
        "Print a completion script for a shell",
        "打印命令行补全脚本",
    ),
    // Options that several commands have.
    ("The configuration", "配置文件"),
    (
        "The configuration whose store is meant",
        "用哪份配置的数据库",
    ),
    (
        "The data directory itself, or that of `menshen dev`",
        "数据目录本身，或 `menshen dev` 的数据目录",
    ),
    (
        "Rule files or folders of them [default: rules]",
        "规则文件或它们的文件夹［默认 rules］",
    ),
    (
        "Check `call NAME` against the [calls] of this configuration [default: menshen.toml, if there is one]",
        "按这份配置的 [calls] 检查 `call 名字`［默认 menshen.toml，如果有］",
    ),
    (
        "Say of every rule why it did not answer, not only of those that nearly did",
        "每条规则都说明为什么没有回答，而不只是差一点的",
    ),
    ("Language of the report", "报告用什么语言"),
    ("Chinese", "中文"),
    ("English", "英文"),
    ("For people", "给人看"),
    ("For programs", "给程序用"),
    ("A JSON array", "一个 JSON 数组"),
    ("A JSON object", "一个 JSON 对象"),
    (
        "What to log: error, warn, info, debug, or per module as in `info,menshen::outbox=debug`",
        "记录什么日志：error、warn、info、debug，也可以按模块，如 `info,menshen::outbox=debug`",
    ),
    ("Log JSON, one object a line", "日志写成 JSON，一行一个对象"),
    ("How to print it", "打印成什么样子"),
    ("How to print them", "打印成什么样子"),
    // dev, serve.
    ("The address to listen on", "监听的地址"),
    (
        "The rules [default: the folder `rules`, else a copy of the shipped ones]",
        "规则［默认文件夹 rules，没有就用自带规则的副本］",
    ),
    ("Where everything is kept", "一切放在哪里"),
    (
        "Answer this host name too; needed to listen on another address than a loopback one, where everybody who can reach it can act as every simulated user",
        "也应答这个主机名；要监听本机以外的地址就得写，那时凡是连得上的人都能扮演任何模拟用户",
    ),
    ("Memory for the store's engine", "数据库引擎用的内存（MiB）"),
    (
        "Start although acknowledged commits are missing: from the last dump, or with what the database still has; what is lost is named and recorded",
        "即使缺了已经答应过的提交也启动：从最近的备份，或用数据库里还有的；丢了什么会说明并记录",
    ),
    (
        "Send nothing by itself: prompts, messages, webhooks and calls that wait in the store stay there. For looking at a restored backup, whose messages the original has sent or will send",
        "自己什么也不发：存储里等着的提示、消息、webhook 和调用都留在那里。用来查看恢复出来的备份，它的消息原来的服务已经发了或者会发",
    ),
    (
        "The last dump: a whole, consistent moment",
        "最近的备份：一个完整一致的时刻",
    ),
    (
        "What the database still has: perhaps newer, perhaps with holes",
        "数据库里还有的：可能更新，可能有缺口",
    ),
    // check, fmt, test.
    (
        "Write ready fixes into the files: those that are certain, or with `=all` guesses too",
        "把现成的修改写进文件：只改有把握的，`=all` 连猜测的也改",
    ),
    ("Those that are certain", "只改有把握的"),
    ("Nearest names too", "相近的名字也改"),
    (
        "Print what judging each rule and signal costs at most",
        "列出判断每条规则、每个信号最多要花多少",
    ),
    ("How to print the report", "报告打印成什么样子"),
    (
        "For people: the source with the places marked",
        "给人看：源文，标出位置",
    ),
    (
        "A JSON array, one object a finding",
        "一个 JSON 数组，一条一个对象",
    ),
    (
        "SARIF 2.1.0, for code review tools",
        "SARIF 2.1.0，给代码审查工具",
    ),
    (
        "Rule files or folders of them, or `-` for standard input [default: rules]",
        "规则文件或它们的文件夹，`-` 是标准输入［默认 rules］",
    ),
    (
        "Change nothing; print the paths of the files that are not formatted",
        "什么也不改，只列出格式不对的文件",
    ),
    (
        "Only stories whose names contain this",
        "只运行名字里有它的故事",
    ),
    (
        "Also report which rules, conditions, outcomes and dialog steps the stories went through",
        "再报告故事走过哪些规则、条件、结果和对话步骤",
    ),
    (
        "Fail below this coverage: a percentage of everything, or of one kind as in `rules=100` (rules, outcomes, steps, conditions); may be given several times",
        "覆盖率低于它就算失败：总的百分比，或某一类，如 `rules=100`（rules、outcomes、steps、conditions）；可以写多次",
    ),
    ("How to print the results", "结果打印成什么样子"),
    // record, explain, chat.
    (
        "The rule file the story goes to the end of; made when there is none",
        "故事写到哪个规则文件的末尾；没有就新建",
    ),
    (
        "Whose, by the information system's identifier",
        "谁的：信息系统里的账号",
    ),
    (
        "Whose, by the follower that is or was bound to it",
        "谁的：现在或以前绑定它的 OpenID",
    ),
    (
        "From when, as RFC 3339 with an offset [default: the oldest that is kept]",
        "从什么时候起，带时区的 RFC 3339 时间［默认保存着的最早］",
    ),
    ("Until when [default: now]", "到什么时候为止［默认现在］"),
    (
        "Leave IP addresses as they are, for rules with lists of them",
        "IP 地址保持原样，规则里有地址名单时用",
    ),
    (
        "A text message of a follower the bot knows nothing about",
        "一条文字消息，来自机器人一无所知的关注者",
    ),
    (
        "A message or event as the platform pushes it; `-` is standard input",
        "平台推来的一条消息或事件，原样；`-` 是标准输入",
    ),
    (
        "Logins; `-` is standard input",
        "若干次登录；`-` 是标准输入",
    ),
    (
        "Take history and accounts from this data directory, also while its server runs",
        "历史和账号取自这个数据目录，服务器运行时也行",
    ),
    (
        "The rules: a folder or a file [default: rules]",
        "规则：文件夹或文件［默认 rules］",
    ),
    ("The WeChat user's name", "微信用户的名字"),
    (
        "Add the chat to this rule file as a story",
        "把聊天写成故事，放进这个规则文件",
    ),
    // backtest.
    ("Past logins", "过去的登录"),
    (
        "The server's own history, also while it runs; nothing is changed",
        "服务器自己的历史，运行时也行；什么也不改",
    ),
    ("Which column is what (TOML)", "哪一列是什么（TOML）"),
    (
        "Take a store's logins as if each had been reported at once, also a past that was filled in",
        "存储里的登录都当作当时就报告的，补录的也一样",
    ),
    (
        "Take logins as if each had been reported at once, also a past that was filled in",
        "登录都当作当时就报告的，补录的也一样",
    ),
    (
        "The rows stand in the order of their arrival, whatever their times",
        "各行按到达的先后排列，不管时间",
    ),
    (
        "Unusable rows allowed, in percent",
        "最多允许百分之几的行不能用",
    ),
    (
        "Zone of accounts without one of their own, of times written without an offset, and of the times shown [default: the configuration's, else Asia/Shanghai]",
        "没有自己时区的账号、没写时区的时间、给人看的时间按什么时区［默认配置里的，否则 Asia/Shanghai］",
    ),
    (
        "Other rules to compare with: a file, a folder, a git revision, or with --live `running` or `previous`, generations of the server",
        "和另一份规则比较：文件、目录、git 版本；和 --live 一起时也可以写 `running` 或 `previous`（服务器的规则版本）",
    ),
    (
        "Write every login with what the rules decide on it, a line of JSON each, packed when the name ends in .gz",
        "写出每次登录和规则对它的判断，一行一个 JSON；名字以 .gz 结尾就压缩",
    ),
    (
        "Show what the last change of the rules changed for real people: both generations over the server's own logins of the last days",
        "看最近一次改规则对真实用户有什么影响：用新旧两版规则检验服务器自己最近几天的登录",
    ),
    (
        "The generation before the change [default: the last but one]",
        "改动之前的版本 [默认：倒数第二版]",
    ),
    (
        "The generation after it [default: the last, which the server runs]",
        "改动之后的版本 [默认：最后一版，也就是服务器正在用的]",
    ),
    (
        "Vary a constant: NAME=FROM..TO/STEP; several make a grid",
        "让一个常量变化：名字=从..到/步长；几个就是网格",
    ),
    (
        "Labels that stand elsewhere: `id`, or `account` and `time`, and `label_…`; of --live the `id` is that of the report, for 30 days, or the decision's",
        "另外放着的标注：`id`，或者 `account` 和 `time`，再加 `label_…`；--live 时 `id` 是报告的编号（30 天内）或决定的编号",
    ),
    (
        "The label that says which logins were attacks [default: the first, of --labels where given]",
        "哪个标签说明登录是攻击［默认第一个，有 --labels 时是它的第一个］",
    ),
    (
        "Logins no label says anything about count as good",
        "没有标签的登录算正常",
    ),
    (
        "So many days only make history [default: 30, or a quarter of the input]",
        "头这么多天只作为历史［默认 30，或输入的四分之一］",
    ),
    ("Count only the last so many days", "只统计最后这么多天"),
    (
        "Attacks of one account further apart are two incidents",
        "同一账号的攻击相隔多久（小时）算两起",
    ),
    (
        "Fail when prompts a day exceed this",
        "每天发出的提醒超过它就算失败",
    ),
    (
        "Fail when prompts per 10,000 good logins exceed this; with --sweep, choose within it",
        "每一万次正常登录发出的提醒超过它就算失败；与 --sweep 合用时在这之内选",
    ),
    (
        "Fail when a smaller share of attacks with the right password raises an alert, 0 to 1",
        "密码正确的攻击里会提醒的少于这个比例就算失败，0 到 1",
    ),
    (
        "Fail when rules do less about an attack than before: a lock is more than a refusal, that more than an alert, that more than a captcha; an alert beside a refusal or a lock, and a captcha beside an alert, count too",
        "有一次攻击管得比原来少就算失败：锁定 > 拒绝 > 提醒 > 图形验证 > 不管；拒绝、锁定之外的提醒，提醒之外的图形验证，少了也算",
    ),
    (
        "Explain one login: its id (of --live that of the report, for 30 days, or the decision's), or #NUMBER by arrival",
        "解释一次登录：它的编号（--live 的是报告时的编号，30 天内，或决定的编号），或按到达先后的 #序号",
    ),
    (
        "Write report.html, report.json and, with --against, changed.csv into this folder",
        "把 report.html 和 report.json 写进这个文件夹，有 --against 时还有 changed.csv",
    ),
    (
        "Write report.html, report.json and changed.csv into this folder",
        "把 report.html、report.json 和 changed.csv 写进这个文件夹",
    ),
    (
        "Write every changed login as CSV, packed when the name ends in .gz",
        "把判断变了的登录写成 CSV；名字以 .gz 结尾就压缩",
    ),
    ("What to print", "打印什么"),
    ("A summary", "摘要"),
    ("The whole report", "整份报告"),
    ("Threads [default: all]", "线程数［默认全部］"),
    // simulate-logins, schema.
    ("People with an account", "有账号的人数"),
    ("Days", "天数"),
    ("First day, YYYY-MM-DD", "第一天，YYYY-MM-DD"),
    ("Fixes everything", "种子：相同则一切相同"),
    (
        "Attacks per 1,000 accounts and 30 days; 0 for none",
        "每千个账号三十天的攻击数；0 是没有",
    ),
    ("Multiplies how often people log in", "登录频率的倍数"),
    ("How logins are written", "登录写成什么格式"),
    ("With a header", "带表头"),
    (
        "One object of JSON a line, with labels",
        "一行一个 JSON 对象，带标签",
    ),
    (
        "What `POST /v1/logins` takes and nothing else: without labels",
        "`POST /v1/logins` 收的那种，一个字段也不多：不带标签",
    ),
    (
        "No logins: their accounts, for `POST /v1/accounts:import`",
        "不写登录，写登录的账号，给 `POST /v1/accounts:import`",
    ),
    (
        "Sign the machines that are legal with the key in this file ([keys] foreign_machine_key); with --format events",
        "用这个文件里的密钥（[keys] foreign_machine_key）给合法的机器签名；和 --format events 一起用",
    ),
    (
        "The file; compressed when its name ends in .gz [default: standard output]",
        "写到哪个文件；名字以 .gz 结尾就压缩［默认标准输出］",
    ),
    (
        "A TextMate grammar, for highlighting in VS Code and others",
        "TextMate 语法，给 VS Code 等编辑器着色",
    ),
    (
        "A syntax file, for highlighting in Vim and Neovim",
        "语法文件，给 Vim 和 Neovim 着色",
    ),
    // doctor, help, init.
    (
        "Do not ask the platform's API for its clock",
        "不向微信平台的接口核对时间",
    ),
    ("How to print the findings", "发现打印成什么样子"),
    (
        "A code such as E0203, a command, a word of the rule language, or `codes`",
        "E0203 这样的编号、一个命令、规则语言里的一个词，或 `codes`",
    ),
    ("Where", "放在哪里"),
    ("The official account's AppID", "公众号的 AppID"),
    (
        "The official account's name here: its endpoint is /wechat/NAME",
        "公众号在这里的名字：回调地址是 /wechat/名字",
    ),
    // rules, keys, export, import, completions.
    ("How many", "多少个"),
    ("Its number", "它的序号"),
    ("Only this file", "只要这个文件"),
    (
        "What it is for; unique among the keys that work",
        "给谁用；在有效的密钥里不能重名",
    ),
    (
        "What it may do: repeated or separated by commas",
        "可以做什么：写多次，或用逗号分开",
    ),
    ("Its name or id", "它的名字或编号"),
    (
        "A new file, readable by its owner only [default: standard output]",
        "新文件，只有主人可读［默认标准输出］",
    ),
    (
        "The file `menshen export` wrote",
        "`menshen export` 写的文件",
    ),
    ("The shell", "哪种 shell"),
    (
        "Accepted and ignored: standard input and output are the only transport",
        "接受但不理会：只走标准输入输出",
    ),
    (
        "A line each: number, time, hash, changed files",
        "一行一代：序号、时间、哈希、改动的文件",
    ),
    ("A table", "一张表"),
];
