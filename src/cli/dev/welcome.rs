//! What `dev` prints: what to open, and the first commands to try.

use std::path::Path;

use super::Setup;
use crate::lang::diagnostics::Language;

/// The text, for people.
pub fn text(setup: &Setup, data: &Path, language: Language) -> String {
    let url = &setup.url;
    let env = data.join("env");
    let env = env.display();
    let rules = setup.config.rules.path.display();
    let commands = format!(
        r#"  . {env}
  curl -s --json '{{"account":"alice","name":"爱丽丝","phone":"13800138000","password":"correct horse"}}' \
       -H "Authorization: Bearer $KEY" $URL/v1/accounts
  curl -s -X POST -H "Authorization: Bearer $KEY" $URL/v1/accounts/alice/verification-code"#
    );
    let looks = r#"  curl -s -H "Authorization: Bearer $KEY" $URL/v1/accounts/alice/binding
  curl -s -H "Authorization: Bearer $KEY" $URL/v1/events"#;
    match language {
        Language::Zh => format!(
            r#"门神在 {url} 运行，同时有一个模拟的微信平台和一个示例信息系统。

  浏览器里的手机        {url}/sandbox
  接口说明              {url}/openapi.json
  信息系统收到了什么    {url}/sandbox/system

接口密钥、回调的 Token、EncodingAESKey 和 AppID 在 {env} 里。可以试试：

{commands}
  # 打开手机，关注公众号，发送：13800138000 加上验证码
{looks}

修改 {rules} 里的规则，保存后自动检查、测试、生效；ctrl-c 停止。
"#
        ),
        Language::En => format!(
            r#"Menshen runs at {url} with a simulated WeChat platform and a sample information system.

  a phone in the browser      {url}/sandbox
  the API's description       {url}/openapi.json
  what the information
  system has received         {url}/sandbox/system

The API key, the callback's token, the EncodingAESKey and the AppID are in {env}. Try:

{commands}
  # open the phone, follow the account, and send: 13800138000 and the code
{looks}

Edit the rules in {rules}: saved files are checked, tested and live by themselves; ctrl-c stops.
"#
        ),
    }
}
