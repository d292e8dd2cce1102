#!/usr/bin/env bash
# The language server under a real client: headless Neovim opens a folder of rules, waits for the
# diagnostics, takes the fix, formats, hovers, renames, and prints what it saw. Needs `nvim` and a
# built `menshen` (MENSHEN, or one on the path). Exit code 1 when anything is not as expected.
set -euo pipefail
cd "$(dirname "$0")/.."
menshen="${MENSHEN:-menshen}"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/rules"
cat > "$folder/rules/a.rules" <<'RULES'
# 取消用的词
list cancel_words = ["取消", "退出"]
RULES
cat > "$folder/rules/b.rules" <<'RULES'
on text "😀绑定{who: word}" {
  start welcome with who
}

dialog welcome expires 10 minutes {
    ask age: number "您好，{who}，您多大？" at most 3 times
    cancel on cancel_word { reply "好的。" }
    give up { reply "算了。" }
    done { reply "😀{who} {age} 岁。" }
}
RULES
export MENSHEN_BINARY="$menshen" MENSHEN_FOLDER="$folder"
nvim --headless -u NONE -i NONE -n \
    --cmd "set runtimepath^=$PWD/editors/vim" \
    --cmd "filetype plugin on" --cmd "syntax on" \
    -c "luafile scripts/lsp_neovim.lua" "$folder/rules/b.rules"
