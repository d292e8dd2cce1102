" Vim syntax file of Menshen's rule language. Generated: `menshen schema --format vim`.
if exists("b:current_syntax")
  finish
endif

syn sync fromstart
syn iskeyword @,48-57,_,128-167,224-255

syn keyword menshenKeyword accepts after again ago allow allowed answers ask at bind by call cancel challenge challenged clicks close containing continue customer denied deny does done drops even event every except expect fails follows for forget forward from give hand illegal image include invalid issue learn leave lock locks log logins loses matching most music news note off once operator over password per platform refuses remember reply reported scans send sends service shadow solving start starting system tag template times to trust unbind unbinds undeliverable unfollows unless unlock unlocks untag until up video views voice webhook wechat weight when with wrong
syn keyword menshenOperator and or not in is otherwise
syn keyword menshenConstant yes no known unknown
syn match menshenKeyword /\v<%(account|agent|alert|asn|bound|captcha|city|code|country|expires|ip|isp|late|locked|login|machine|message|name|phone|place|reason|region|scene|signals|ticket|zone)>\ze\s+["{]/
syn match menshenKeyword /\v^\s+\zs<%(account|agent|alert|asn|bound|captcha|city|code|country|expires|ip|isp|late|locked|login|machine|message|name|phone|place|reason|region|scene|signals|ticket|zone)>\ze\s+[^:{= ]/
syn match menshenItem /\v^%(let|list|on|signal|dialog|test|extractor)>/
syn match menshenName /\v%(^%(let|list|signal|dialog|extractor)\s+)@<=\S[^ =:{]*/
syn match menshenEvent /\v%(^on\s+|<or\s+)@<=%(view_miniprogram|location_select|scancode_push|scancode_wait|undeliverable|miniprogram|unsubscribe|shortvideo|subscribe|location|position|unlocked|attempt|failure|unbound|locked|photos|bound|click|event|image|login|video|voice|file|link|scan|text|view|any)>/
syn match menshenField /\v<%(message\.description|message\.recognition|message\.scan_result|message\.media_id|account\.created|message\.menu_id|sender\.followed|sender\.language|account\.locked|account\.status|account\.phone|alert\.expires|alert\.machine|alert\.reasons|login\.account|login\.browser|login\.captcha|login\.channel|login\.country|login\.machine|login\.network|login\.session|login\.success|login\.weekday|message\.label|message\.scene|message\.title|sender\.openid|account\.name|account\.zone|alert\.number|login\.device|login\.reason|login\.region|message\.text|message\.time|message\.type|sender\.bound|alert\.place|login\.agent|login\.known|login\.legal|login\.place|message\.key|message\.lat|message\.lon|message\.url|now\.weekday|sender\.tags|account\.id|alert\.open|alert\.time|login\.city|login\.date|login\.hour|login\.late|login\.time|message\.id|login\.asn|login\.isp|login\.lat|login\.lon|alert\.id|alert\.ip|login\.ip|login\.os|now\.date|now\.hour)>/
syn match menshenField /\v<message\.raw\.\w+/
syn match menshenFunction /\v<%(usual_distance|between_hours|hour_distance|familiarity|hour_spread|hours_apart|days_since|percentile|unfollowed|contains|distance|distinct|followed|highest|trusted|length|lowest|rarity|starts|streak|count|first|lower|ratio|share|since|speed|last|mean|seen|abs|max|min|new)>\ze\s*\(/
syn match menshenArgument /\v<%(second|within|first|least|where|last|gap|by|of)>\ze:/
syn match menshenExtractor /\v%(:\s*)@<=%(id_card|digits|mobile|number|one_of|email|date|rest|word|url)>/
syn match menshenOutcome /\v<%(alert_open|already|already_locked|answered|blocked|bound|by_operator|closed|expired|failed|late|locked|logged_off|no_machine|not_locked|refused|removed|requested|several|taken|too_soon|trusted|unbound|unlocked)>\ze\s*\{/
syn match menshenNumber /\v<\d+%(\.\d+)?%(\s*%(minutes|seconds|meters|minute|second|hours|meter|weeks|days|hour|km\/h|week|day|km)>|\s*\%)?/
syn match menshenEscape /\\[n"\\{}]/ contained
syn match menshenHole /{[^{}]*}/ contained contains=menshenField,menshenExtractor
syn region menshenText start=/"/ skip=/\\./ end=/"/ oneline contains=menshenEscape,menshenHole
syn region menshenText start=/"""/ skip=/\\./ end=/"""/ contains=menshenEscape,menshenHole keepend
syn match menshenComment /#.*$/ contains=@Spell

hi def link menshenKeyword Statement
hi def link menshenOperator Operator
hi def link menshenConstant Boolean
hi def link menshenItem Keyword
hi def link menshenName Identifier
hi def link menshenEvent Type
hi def link menshenField Special
hi def link menshenFunction Function
hi def link menshenArgument Label
hi def link menshenExtractor Type
hi def link menshenOutcome Tag
hi def link menshenNumber Number
hi def link menshenEscape SpecialChar
hi def link menshenHole Special
hi def link menshenText String
hi def link menshenComment Comment

let b:current_syntax = "menshen"
