//! What stands below the options of a help page, in Chinese. The examples are those of the English page,
//! line by line (a test compares them); only their comments are translated.

use crate::server::Scope;

/// What stands below the page of a command, by its path such as `rules show`; the empty path is the
/// overview.
pub(super) fn of(path: &str) -> Option<String> {
    if path == "keys" {
        return Some(format!("{KEYS}\n\n权限：\n{}", scopes()));
    }
    let (_, text) = TEXTS.iter().find(|(known, _)| *known == path)?;
    Some(text.replace("{KEPT}", &crate::bot::archive::KEPT.to_string()))
}

fn scopes() -> String {
    let lines: Vec<String> = Scope::ALL
        .iter()
        .map(|scope| format!("  {:<9} {}", scope.name(), scope_in_chinese(*scope)))
        .collect();
    lines.join("\n")
}

fn scope_in_chinese(scope: Scope) -> &'static str {
    match scope {
        Scope::Accounts => "新建、读取、修改、删除账号；设置密码。",
        Scope::Import => "批量导入账号，带密码哈希。",
        Scope::Codes => "发放绑定码、解绑码和绑定票据。",
        Scope::Bindings => "查询和解除绑定。",
        Scope::Messages => "给绑定的用户发消息。",
        Scope::Login => "账号登录、判断尝试、图形验证码。",
        Scope::Reports => "报告在别处发生的登录。",
        Scope::Machines => "发放机器标识、列出机器、收回信任。",
        Scope::Sessions => "检查、列出、结束会话。",
        Scope::Alerts => "读取和关闭提醒、读取判断。",
        Scope::Lock => "锁定账号。",
        Scope::Unlock => "解锁账号、发放解锁码。",
        Scope::Events => "读取事件流。",
        Scope::Rules => "查看和重新加载规则。",
        Scope::Outbox => "查看发件箱、重试。",
        Scope::Export => "导出保存的某人的一切。",
        Scope::Metrics => "在没有单独地址时读取 /metrics。",
    }
}

const KEYS: &str = "\
密钥只在新建时打印一次，保存的只有哈希。

例子：
  menshen keys add erp --scope accounts --scope codes --scope login
  menshen keys add desk --scope alerts,lock,unlock
  menshen keys list
  menshen keys revoke erp";

const TEXTS: &[(&str, &str)] = &[
    (
        "",
        "\
从这里开始：
  menshen dev          # 在本机试用，不需要公众号：打印一个手机页面的地址
  menshen check        # 改完规则：有没有写错
  menshen test         # 故事还都对吗
  menshen init         # 正式使用：新建配置和密钥
  menshen doctor       # 还差什么、哪里不对
  menshen serve        # 运行服务器

退出码：0 完成，1 有发现或失败，2 用法不对。
环境变量：NO_COLOR 关掉颜色；MENSHEN_LANG 是 --lang 的默认值（zh 或 en）；
MENSHEN_小节__键 代替配置里的一个键。",
    ),
    (
        "dev",
        "\
打开它打印的手机页面，关注公众号，和它说话；也可以用 curl 和 openssl 推送。
规则存盘后自动加载；ctrl-c 停止。一切都放在数据目录里。

例子：
  menshen dev
  menshen dev --rules my-rules --data /tmp/try
  . .menshen-dev/env && curl -H \"Authorization: Bearer $KEY\" $URL/v1/events",
    ),
    (
        "serve",
        "\
SIGTERM 或 ctrl-c：做完已经接受的事再停。规则存盘后自动加载，除非 [rules] watch = false；
SIGHUP 立即加载。
退出码：0 正常停止，1 失败，2 配置不对。

例子：
  menshen serve --config /etc/menshen/menshen.toml --log-json
  MENSHEN_SERVER__LISTEN=0.0.0.0:8080 menshen serve
  kill -HUP $(pidof menshen)         # 改好规则、`menshen check` 通过以后",
    ),
    (
        "check",
        "\
退出码：0 没有错误（可能有警告），1 有错误，2 用法不对。
警告可以就地用注释关掉：`# allow 名字: 原因`。
只给一个文件时，如果旁边的文件能说明问题，就连同它们一起检查。

例子：
  menshen check                          # 文件夹 rules
  menshen check rules/guard.rules
  menshen check --lang en --format json | jq '.[].code'
  menshen check --format sarif > menshen.sarif
  menshen check --fix                    # 做有把握的修改，其余报告出来
  menshen check --fix=all                # 写错的名字也换成最相近的
  menshen check --costs                  # 每条规则、每个信号最多要花多少
  menshen help E0203                     # 一个编号是什么意思",
    ),
    (
        "fmt",
        "\
退出码：0 完成（带 --check 时：格式都对），1 带 --check 时有文件不对，或有文件因语法错误没动，
2 用法不对。

例子：
  menshen fmt                      # 文件夹 rules 里的每个规则文件，就地整理
  menshen fmt --check rules        # 列出不对的文件，什么也不改
  menshen fmt - < a.rules          # 标准输入到标准输出",
    ),
    (
        "test",
        "\
没有通过的故事会原样打印出来，标出不对的行和实际发生的事。
只给一个文件、而它用到旁边文件里的名字时，连同那些文件一起运行；只跑它自己的故事。
退出码：0 全部通过，1 有没通过的或覆盖率不够，2 用法不对或规则有错误。

例子：
  menshen test
  menshen test rules/binding.rules --filter 解绑
  menshen test --coverage                # 故事没有走到的地方，一行一处
  menshen test --min-coverage 90 --min-coverage rules=100
  menshen test --format json | jq '.stories[] | select(.passed | not)'",
    ),
    (
        "record",
        "\
故事里有这个账号的登录和触发的信号、绑定、锁定、提醒和本人的回答，钟点和星期照旧。用户写的话
不保存，用替身，在自带的规则下效果相同。账号、OpenID、手机号、验证码、机器和地址也是替身。
故事从空的历史开始：截取的时间要和规则回头看的一样长。

例子：
  menshen record rules/incident.rules --account alice
  menshen record rules/incident.rules --account alice --from 2026-11-01T00:00:00+08:00
  menshen record incident.rules --openid oABC123 --data .menshen-dev",
    ),
    (
        "explain",
        "\
--event 收平台发来的明文推送：XML 或 JSON。
--login 收 POST /v1/logins 收的东西：一个 JSON 对象，或一行一个。解释的是最后一行，前面的行是
它的历史。
机器写任意一个词，算合法；不写，或写 \"legal\": false，就不合法。
带 --data 时，历史和账号取自一个数据库的副本，原来的不动。

例子：
  menshen explain --text '我的手机号是13800138000'
  menshen explain rules/service.rules --event push.xml
  menshen explain --login logins.jsonl
  echo '{\"account\":\"alice\",\"success\":true,\"place\":{\"city\":\"纽约\"}}' |
      menshen explain --login - --data .menshen-dev",
    ),
    (
        "chat",
        "\
也可以从管道读。不是命令的行就当消息发出去：
TEXT                         一条文字消息（开头要 / 或 # 就写 //）
/follow [SCENE]  /unfollow   关注公众号，可带二维码场景；取消关注
/scan SCENE                  扫二维码
/click KEY                   点菜单
/image  /location LAT LON LABEL
/event NAME [FIELD=VALUE …]  平台的任何事件
/account ID PHONE [NAME]     新建账号（已有 alice，手机号 13800138000）
/code [bind|unbind|unlock] [ID]   发一个验证码并显示
/ticket [ID]                 发一张绑定票据，显示它的场景
/login [CITY] [MACHINE] [wrong] [ID]   用密码登录；图形验证码会答对
/password [ID]               改密码
/lock [ID]  /unlock [ID]     以管理员身份锁定、解锁
/explain                     上一条消息为什么这样回答，上一次登录为什么这样判断
/as NAME                     换成另一个微信用户
/quit

例子：
  menshen chat
  printf '/follow\\n/code\\n绑定\\n13800138000\\n' | menshen chat rules
  menshen chat rules/service.rules --user 小李
  menshen chat --record rules/recorded.rules   # 聊天写成故事，`menshen test` 会运行它",
    ),
    (
        "backtest",
        "\
输入：CSV（按表头或 --map 认列；认得公开的 RBA 数据集）、POST /v1/logins 的 NDJSON、数据库的导出；
UTF-8 或 GBK，不压缩、.gz 或 .zst；几个文件算一个流，`-` 是标准输入。
各行按时间排；有 arrival 这一列（不小于 0 的整数，每行一个，几个文件放在一起也不重复）就按它
说的报告先后，比更晚的登录迟了十分钟以上才报告的照样判断，规则不动作，和线上一样。

要求（--max-prompts-per-day、--max-prompts-per-10k、--min-recall、--no-lost-true-positives）
不会因为什么都没判断而通过：统计的日子里没有登录，或要看攻击却没有标注的攻击，就拒绝运行（2）；
没看完就停下，算没通过（1）。--sweep 加 --max-prompts-per-10k 时说的是选出来的值，
只有 --sweep 时说的是规则现在的样子。

文件先写在自己的名字后面加 .partial 的地方，写完才改成那个名字；按 Ctrl-C 停下的，没写完的
文件名后面就带着 .partial。

退出码：0 完成，1 有一项要求没满足（或没能看完全部输入），或按 Ctrl-C 停下、只有已完成的部分，
或命令失败，2 用法不对；再按一次 Ctrl-C 是 130。

例子：
  menshen simulate-logins --out logins.csv.gz
  menshen backtest rules --logins logins.csv.gz
  menshen backtest rules --logins logins.csv.gz --against HEAD~1 --no-lost-true-positives
  menshen backtest rules --logins logins.csv.gz --sweep budget=40..90/5 --max-prompts-per-10k 20
  menshen backtest rules --live --report report/
  menshen backtest rules --logins logins.csv.gz --explain sim-1042

docs/tuning.md 带您走一遍。",
    ),
    (
        "simulate-logins",
        "\
里面全是虚构的：人有家乡、机器、作息，办公室共用一个地址，有人出差、用 VPN，有账号长期不用；
攻击者（naive、vpn、targeted、spray、stuffing、brute_force、dormant）带标签 `attack`。
地址都在 10.0.0.0/8。选项相同，文件就相同。

例子：
  menshen simulate-logins --accounts 2000 --days 180 --out logins.csv.gz
  menshen simulate-logins --seed 7 --format ndjson | head
  menshen backtest rules --logins logins.csv.gz

灌进服务器再拿回来：哪些名字是账号（导入过的才是）、哪些机器合法（用 [keys] 的
foreign_machine_key 签过名的才是），服务器自己判断。标签它不收；选项相同的 --format csv
里是同样的登录，`id` 相同，带标签，用 `backtest --labels` 对上。
  menshen simulate-logins --accounts 50 --days 30 --format accounts > accounts.ndjson
  menshen simulate-logins --accounts 50 --days 30 --format events \\
    --machine-key secrets/foreign_machine_key > events.ndjson
  post() { curl -H 'Content-Type: application/x-ndjson' -H \"Authorization: Bearer $KEY\" \\
    --data-binary @$1 http://127.0.0.1:8080/v1/$2; }
  post accounts.ndjson accounts:import
  post events.ndjson 'logins?mode=backfill'   # 一次最多 10,000 行、4 MiB：split -l 5000
  menshen simulate-logins --accounts 50 --days 30 --out logins.csv
  menshen backtest rules --live --by-time --labels logins.csv
menshen dev 的服务器也认得签名：密钥是 .menshen-dev/secrets/foreign_machine_key，最后一步加
--data .menshen-dev。",
    ),
    (
        "schema",
        "\
例子：
  menshen schema | less
  menshen schema --lang en --format json | jq '.functions[].name'",
    ),
    (
        "doctor",
        "\
退出码：0 没有妨碍工作的问题，1 有错误，2 用法不对。

例子：
  menshen doctor
  menshen doctor --config /etc/menshen/menshen.toml --offline
  menshen doctor --format json | jq '.[] | select(.level == \"error\")'",
    ),
    (
        "lsp",
        "\
编辑器会自己启动它，docs/editors.md 说怎样设置。`call` 按规则文件夹旁边或上面的 menshen.toml 的
[calls] 检查，如果有这个文件。",
    ),
    (
        "help",
        "\
例子：
  menshen help E0203
  menshen help W1004 --lang en
  menshen help check
  menshen help bind         # 规则语言里的一个词，用大家的叫法也行：半匹配
  menshen help on text      # 一种触发
  menshen help codes        # 所有编号和标题",
    ),
    (
        "init",
        "\
已有的东西不会覆盖；再运行一次会补上缺的。

例子：
  menshen init                       # 在当前文件夹
  menshen init bot --app-id wx1234567890abcdef
  menshen doctor --config bot/menshen.toml    # 还差什么",
    ),
    (
        "rules",
        "\
每次生效的规则是一代；它的文件保存在数据库里，最近 {KEPT} 代。
`rollback` 把某一代的文件写回规则文件夹，服务器在运行就加载：和任何一次加载一样先检查、跑故事。
文件夹里原来的东西放进其中的隐藏文件夹 `.replaced-时间`。
退出码：0 完成，1 没做成，2 用法不对。

例子：
  menshen rules history
  menshen rules show 7
  menshen rules show 7 guard.rules | diff - rules/guard.rules
  menshen rules changed --days 14
  menshen rules rollback 7",
    ),
    (
        "export",
        "\
文件是一个一致的时刻，末尾有校验和，`menshen import` 能读。里面有个人信息，但没有能打开任何东西
的密钥：主密钥不在里面，请另外保存。

例子：
  menshen export --out backup.jsonl
  menshen export | gzip > backup.jsonl.gz
  menshen export --data .menshen-dev | head",
    ),
    (
        "import",
        "\
写入之前先检查整个文件。服务器不能在运行，数据库必须是空的：新建一套部署（`menshen init`），
换上旧的主密钥，再导入。

例子：
  menshen init new && cp old/secrets/master new/secrets/master
  menshen import backup.jsonl --config new/menshen.toml",
    ),
    (
        "completions",
        "\
例子：
  menshen completions bash > ~/.local/share/bash-completion/completions/menshen
  menshen completions zsh  > ~/.zfunc/_menshen
  menshen completions fish > ~/.config/fish/completions/menshen.fish",
    ),
];
