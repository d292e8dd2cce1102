//! What `dev` prints: what to open, and the first commands to try.

use std::path::Path;

use super::Setup;

/// The text, for people.
pub fn text(setup: &Setup, data: &Path) -> String {
    let url = &setup.url;
    let env = data.join("env");
    let env = env.display();
    format!(
        r#"Menshen runs at {url} with a simulated WeChat platform and a sample information system.

  a phone in the browser      {url}/sandbox
  the API's description       {url}/openapi.json
  what the information
  system has received         {url}/sandbox/system

The API key, the callback's token, the EncodingAESKey and the AppID are in {env}. Try:

  . {env}
  curl -s --json '{{"account":"alice","name":"爱丽丝","phone":"13800138000","password":"correct horse"}}' \
       -H "Authorization: Bearer $KEY" $URL/v1/accounts
  curl -s -X POST -H "Authorization: Bearer $KEY" $URL/v1/accounts/alice/verification-code
  # open the phone, follow the account, and send: 13800138000 and the code
  curl -s -H "Authorization: Bearer $KEY" $URL/v1/accounts/alice/binding
  curl -s -H "Authorization: Bearer $KEY" $URL/v1/events

Edit the rules and send SIGHUP to load them; ctrl-c stops.
"#
    )
}
