//! The functions, one entry each.

use crate::lang::builtins::stage::{Stage, Stages};
use crate::lang::program::{Function, HistoryFunction, Stream};
use crate::lang::value::Type;

use super::{ArgKind, ArgSpec, FunctionKind, FunctionSpec, NamedArg, ResultType, history, pure};

const LOGIN: &[Type] = &[Type::Login];
const TEXT: &[Type] = &[Type::Text];
const MACHINE: &[Type] = &[Type::Machine];
const NUMBER: &[Type] = &[Type::Number];
const ORDERED: &[Type] = &[
    Type::Number,
    Type::Percent,
    Type::Duration,
    Type::Time,
    Type::Distance,
    Type::Speed,
];
const SCALARS: &[Type] = &[
    Type::Number,
    Type::Percent,
    Type::Duration,
    Type::Distance,
    Type::Speed,
];
const NUMBER_OR_TIME: &[Type] = &[Type::Number, Type::Time];

const fn arg(name: &'static str, kind: ArgKind) -> ArgSpec {
    ArgSpec { name, kind }
}

use NamedArg::{By, First, Gap, Last, Least, Of, Second, Where, Within};
const ALL_NAMED: &[NamedArg] = &[Within, Last, Of, By, Where];
const NO_OF: &[NamedArg] = &[Within, Last, By, Where];
const HABIT: &[NamedArg] = &[Within, Last, By, Where];
const SEQUENCE: &[NamedArg] = &[Gap, Within, Last, By, Where, First, Second];
const USUAL: &[NamedArg] = &[Within, Last, Where];
const USUAL_PLACE: &[NamedArg] = &[Within, Last, Where, Least];

pub(in crate::lang::builtins) fn table() -> Vec<FunctionSpec> {
    use ArgKind as A;
    use HistoryFunction as H;
    vec![
        pure(
            "distance",
            Function::Distance,
            vec![arg("a", A::Value(LOGIN)), arg("b", A::Value(LOGIN))],
            Type::Distance,
            "两次登录之间的距离；缺坐标时未知",
            "distance between two logins; unknown without coordinates",
            "distance(previous, login) >= 500 km",
        )
        .range(0.0, 20_038_000.0),
        pure(
            "speed",
            Function::Speed,
            vec![arg("a", A::Value(LOGIN)), arg("b", A::Value(LOGIN))],
            Type::Speed,
            "两次登录之间的速度；时间至少按一分钟算",
            "speed between two logins; at least one minute apart",
            "speed(previous, login) >= 900 km/h",
        )
        .range(0.0, f64::INFINITY),
        FunctionSpec {
            variadic: true,
            result: ResultType::OfFirst,
            ..pure(
                "min",
                Function::Min,
                vec![arg("a", A::Value(ORDERED)), arg("b", A::Same)],
                Type::Number,
                "最小的一个",
                "the smallest",
                "min(login.hour, 22) >= 20",
            )
        },
        FunctionSpec {
            variadic: true,
            result: ResultType::OfFirst,
            ..pure(
                "max",
                Function::Max,
                vec![arg("a", A::Value(ORDERED)), arg("b", A::Same)],
                Type::Number,
                "最大的一个",
                "the largest",
                "max(login.hour, 6) >= 20",
            )
        },
        FunctionSpec {
            result: ResultType::OfFirst,
            ..pure(
                "abs",
                Function::Abs,
                vec![arg("a", A::Value(SCALARS))],
                Type::Number,
                "绝对值",
                "without the sign",
                "abs(login.hour - 12) >= 8",
            )
        },
        pure(
            "lower",
            Function::Lower,
            vec![arg("text", A::Value(TEXT))],
            Type::Text,
            "小写",
            "in lower case",
            "lower(login.browser) == \"chrome\"",
        ),
        pure(
            "contains",
            Function::Contains,
            vec![arg("text", A::Value(TEXT)), arg("part", A::Value(TEXT))],
            Type::YesNo,
            "文字里有这几个字",
            "the text has this part",
            "contains(login.agent, \"curl\")",
        ),
        pure(
            "starts",
            Function::Starts,
            vec![arg("text", A::Value(TEXT)), arg("part", A::Value(TEXT))],
            Type::YesNo,
            "文字以这几个字开头",
            "the text starts so",
            "starts(login.agent, \"python\")",
        ),
        pure(
            "length",
            Function::Length,
            vec![arg("text", A::Value(TEXT))],
            Type::Number,
            "字数",
            "number of characters",
            "length(login.agent) <= 8",
        )
        .range(0.0, f64::INFINITY),
        pure(
            "between_hours",
            Function::BetweenHours,
            vec![
                arg("hour", A::Value(NUMBER)),
                arg("from", A::Value(NUMBER)),
                arg("to", A::Value(NUMBER)),
            ],
            Type::YesNo,
            "小时在两者之间，含头不含尾，可以跨过午夜",
            "the hour lies between the two, the first included, the second not; may cross midnight",
            "between_hours(login.hour, 22, 6)",
        ),
        pure(
            "hours_apart",
            Function::HoursApart,
            vec![arg("hour", A::Value(NUMBER)), arg("hour", A::Value(NUMBER))],
            Type::Number,
            "两个钟点隔几小时，绕过午夜算，0 到 12：23 点和 1 点隔 2 小时",
            "hours between two hours of the day, around the clock, 0 to 12: 23 and 1 are 2 apart",
            "hours_apart(login.hour, 9) >= 8",
        )
        .range(0.0, 12.0),
        history(
            "count",
            H::Count,
            vec![arg("stream", A::Stream)],
            NO_OF,
            true,
            None,
            Type::Number,
            "有几次",
            "how many",
            "count(failures, within: 10 minutes) >= 5",
        )
        .range(0.0, f64::INFINITY),
        history(
            "distinct",
            H::Distinct,
            vec![arg("field", A::RowField(&[]))],
            ALL_NAMED,
            true,
            None,
            Type::Number,
            "有几种不同的值",
            "how many different values",
            "distinct(account, of: failures, within: 5 minutes, by: ip) >= 5",
        )
        .range(0.0, f64::INFINITY),
        history(
            "ratio",
            H::Ratio,
            vec![arg("stream", A::Stream), arg("of all", A::Stream)],
            NO_OF,
            true,
            None,
            Type::Percent,
            "前者的次数除以后者的次数，后者包括前者时就是比例；没有后者时未知",
            "how many of the first to one of the second, their share where the second holds them; unknown when there are none",
            "ratio(successes, attempts, within: 5 minutes, by: ip) <= 50%",
        )
        .range(0.0, 1.0),
        history(
            "share",
            H::Share,
            vec![arg("field", A::PresentField)],
            ALL_NAMED,
            true,
            Some(Stream::Successes),
            Type::Percent,
            "过去的登录里与这次相同的比例",
            "share of past logins with the present value",
            "share(login.hour, within: 90 days) < 2%",
        )
        .range(0.0, 1.0),
        history(
            "new",
            H::New,
            vec![arg("field", A::PresentField)],
            HABIT,
            true,
            Some(Stream::Successes),
            Type::YesNo,
            "成功登录里从未见过；一次都没有登录过时未知",
            "never seen in a successful login; unknown while nothing was ever known",
            "new(login.city, within: 90 days)",
        ),
        history(
            "seen",
            H::Seen,
            vec![arg("field", A::PresentField)],
            HABIT,
            true,
            Some(Stream::Successes),
            Type::YesNo,
            "成功登录里见过",
            "seen in a successful login",
            "seen(login.city, within: 90 days)",
        ),
        history(
            "streak",
            H::Streak,
            vec![arg("stream", A::Stream)],
            NO_OF,
            false,
            None,
            Type::Number,
            "从现在往回数连续有几次",
            "how many in a row, counted back from now",
            "streak(failures) >= 5",
        )
        .range(0.0, f64::INFINITY),
        history(
            "since",
            H::Since,
            vec![arg("stream", A::Stream)],
            NO_OF,
            false,
            None,
            Type::Duration,
            "离上一次多久；没有时未知",
            "time since the last one; unknown when there is none",
            "since(successes) >= 90 days",
        )
        .range(0.0, f64::INFINITY),
        history(
            "days_since",
            H::DaysSince,
            vec![arg("field", A::PresentField)],
            HABIT,
            false,
            Some(Stream::Successes),
            Type::Number,
            "离上次出现这个值几天；从未出现时未知",
            "days since the value was last seen; unknown when never",
            "days_since(login.city) >= 180",
        )
        .range(0.0, f64::INFINITY),
        FunctionSpec {
            result: ResultType::OfFirst,
            ..history(
                "first",
                H::First,
                vec![arg("field", A::RowField(&[]))],
                ALL_NAMED,
                false,
                Some(Stream::Successes),
                Type::Text,
                "最早一次的值",
                "the value of the first one",
                "first(city, within: 90 days) != login.city",
            )
        },
        FunctionSpec {
            result: ResultType::OfFirst,
            ..history(
                "last",
                H::Last,
                vec![arg("field", A::RowField(&[]))],
                ALL_NAMED,
                false,
                Some(Stream::Successes),
                Type::Text,
                "最近一次的值",
                "the value of the last one",
                "last(country, of: successes) != login.country",
            )
        },
        FunctionSpec {
            result: ResultType::OfFirst,
            ..history(
                "lowest",
                H::Min,
                vec![arg("field", A::RowField(NUMBER_OR_TIME))],
                ALL_NAMED,
                false,
                Some(Stream::Successes),
                Type::Number,
                "最小值",
                "the smallest value",
                "login.hour < lowest(hour, within: 90 days)",
            )
        },
        FunctionSpec {
            result: ResultType::OfFirst,
            ..history(
                "highest",
                H::Max,
                vec![arg("field", A::RowField(NUMBER_OR_TIME))],
                ALL_NAMED,
                false,
                Some(Stream::Successes),
                Type::Number,
                "最大值",
                "the largest value",
                "login.hour > highest(hour, within: 90 days)",
            )
        },
        history(
            "mean",
            H::Mean,
            vec![arg("field", A::RowField(NUMBER))],
            ALL_NAMED,
            false,
            Some(Stream::Successes),
            Type::Number,
            "平均值",
            "the mean",
            "abs(login.hour - mean(hour, within: 90 days)) >= 8",
        ),
        history(
            "percentile",
            H::Percentile,
            vec![arg("field", A::RowField(NUMBER)), arg("share", A::Percent)],
            ALL_NAMED,
            false,
            Some(Stream::Successes),
            Type::Number,
            "百分位数",
            "the percentile",
            "login.hour > percentile(hour, 99%, within: 90 days)",
        ),
        history(
            "rarity",
            H::Rarity,
            vec![arg("field", A::CountedField)],
            &[Within],
            true,
            Some(Stream::Successes),
            Type::Percent,
            "整个系统的成功登录里有这个值的比例，按整天统计；可以问 country region city asn isp ip browser os device",
            "share of the whole system's successful logins with the present value, by whole days; of country, region, city, asn, isp, ip, browser, os, device",
            "rarity(login.asn, within: 90 days) < 1%",
        )
        .range(0.0, 1.0),
        history(
            "followed",
            H::Sequence,
            vec![arg("first", A::Stream), arg("then", A::Stream)],
            SEQUENCE,
            true,
            None,
            Type::YesNo,
            "先有前者，`gap:` 之内又有后者；`first:` `second:` 各自加条件",
            "one of the first was followed by one of the second within `gap:`; `first:` and `second:` narrow each",
            "followed(failures, successes, gap: 5 minutes, within: 1 day, second: machine != login.machine)",
        ),
        history(
            "unfollowed",
            H::Absence,
            vec![arg("first", A::Stream), arg("then", A::Stream)],
            SEQUENCE,
            true,
            None,
            Type::YesNo,
            "有前者，`gap:` 已过而没有后者",
            "one of the first was not followed by any of the second, and `gap:` is over",
            "unfollowed(failures, successes, gap: 10 minutes, within: 1 day)",
        ),
        history(
            "usual_distance",
            H::UsualDistance,
            vec![],
            USUAL_PLACE,
            true,
            Some(Stream::Successes),
            Type::Distance,
            "离最近的常用地点多远；20 公里之内至少有 `least:`（不写是 5%）的登录才算常用；缺坐标、还没有常用地点时未知",
            "how far to the nearest usual place: one with `least:` (5% when not said) of the logins within 20 km; unknown without coordinates or usual places",
            "usual_distance(within: 90 days) >= 300 km",
        )
        .range(0.0, 20_038_000.0),
        history(
            "hour_distance",
            H::HourDistance,
            vec![],
            USUAL,
            true,
            Some(Stream::Successes),
            Type::Number,
            "这次的钟点离平时的钟点（圆周平均）几小时，0 到 12；平时的钟点没有规律时未知",
            "hours from this hour to the usual one (circular mean), 0 to 12; unknown when there is no usual hour",
            "hour_distance(within: 90 days) >= 6",
        )
        .range(0.0, 12.0),
        history(
            "hour_spread",
            H::HourSpread,
            vec![],
            USUAL,
            true,
            Some(Stream::Successes),
            Type::Number,
            "平时的钟点散布多少小时（圆周标准差，最多 12）",
            "how far past hours scatter, in hours (circular standard deviation, 12 at most)",
            "hour_distance(within: 90 days) > 3 * hour_spread(within: 90 days)",
        )
        .range(0.0, 12.0),
        history(
            "familiarity",
            H::Familiarity,
            vec![],
            &[Within],
            true,
            Some(Stream::Successes),
            Type::Number,
            "这个地址和设备对账号主人比对所有人更常见多少，以 10 的幂计：0 一样，1 是十倍，-1 是十分之一（Freeman 似然比）",
            "how much likelier this address and device are for the owner than for anybody, as a power of ten: 0 alike, 1 ten times, -1 a tenth (Freeman's likelihood ratio)",
            "familiarity(within: 180 days) < -1",
        ),
        FunctionSpec {
            kind: FunctionKind::Trusted,
            stages: Stages::of(Stage::Signal),
            ..pure(
                "trusted",
                Function::Abs,
                vec![arg("machine", A::Value(MACHINE))],
                Type::YesNo,
                "账号主人信任这台设备；只能写在 except 里",
                "the owner trusts this machine; only in except",
                "trusted(login.machine)",
            )
        },
    ]
}
