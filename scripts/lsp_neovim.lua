-- Run by lsp_neovim.sh inside Neovim: 0.7 or later.
local out = io.stdout
local failed = false

local function check(what, good, seen)
  out:write((good and "ok    " or "WRONG ") .. what .. "\n")
  if not good then
    failed = true
    out:write("      saw: " .. vim.inspect(seen) .. "\n")
  end
end

local function main()
  local buffer = vim.api.nvim_get_current_buf()
  check("the file type is found", vim.bo.filetype == "menshen", vim.bo.filetype)
  local group = vim.fn.synIDattr(vim.fn.synID(1, 1, 1), "name")
  check("`on` is coloured", group == "menshenItem", group)

  local id = vim.lsp.start_client({
    name = "menshen",
    cmd = { vim.env.MENSHEN_BINARY, "lsp" },
    root_dir = vim.env.MENSHEN_FOLDER,
  })
  check("the server starts", id ~= nil, id)
  vim.lsp.buf_attach_client(buffer, id)

  local function diagnostics()
    return vim.diagnostic.get(buffer)
  end
  vim.wait(20000, function() return #diagnostics() > 0 end, 20)
  local found = diagnostics()
  check("one mistake is reported", #found == 1, found)
  local wrong = found[1] or { lnum = 0, col = 0 }
  local line = vim.api.nvim_buf_get_lines(buffer, wrong.lnum, wrong.lnum + 1, false)[1]
  check("at the right word", line:sub(wrong.col + 1, wrong.col + 11) == "cancel_word", wrong)

  local function ask(method, params)
    local answers = vim.lsp.buf_request_sync(buffer, method, params, 20000) or {}
    local answer = answers[id] or {}
    return answer.result, answer.err
  end
  local document = { uri = vim.uri_from_bufnr(buffer) }
  -- Positions as the protocol counts them: UTF-16, the emoji being two.
  local function at(row, column)
    return { textDocument = document, position = { line = row, character = column } }
  end

  local actions = ask("textDocument/codeAction", {
    textDocument = document,
    range = { start = { line = wrong.lnum, character = 14 }, ["end"] = { line = wrong.lnum, character = 25 } },
    context = { diagnostics = {} },
  })
  check("a fix is offered", actions ~= nil and #actions > 0, actions)
  if actions and actions[1] then
    vim.lsp.util.apply_workspace_edit(actions[1].edit, "utf-16")
  end
  vim.wait(20000, function() return #diagnostics() == 0 end, 20)
  check("the fix mends it", #diagnostics() == 0, diagnostics())

  local edits = ask("textDocument/formatting", { textDocument = document, options = { tabSize = 4, insertSpaces = true } })
  check("formatting changes something", edits ~= nil and #edits > 0, edits)
  vim.lsp.util.apply_text_edits(edits or {}, buffer, "utf-16")
  local second = vim.api.nvim_buf_get_lines(buffer, 1, 2, false)[1]
  check("and indents by four", second == "    start welcome with who", second)

  local hover = ask("textDocument/hover", at(8, 21))
  local text = hover and hover.contents and hover.contents.value or ""
  check("hover behind an emoji knows the capture", text:find("who", 1, true) ~= nil, hover)

  local definition = ask("textDocument/definition", at(6, 16))
  local uri = definition and definition[1] and definition[1].uri or ""
  check("the definition is in the other file", uri:find("a.rules", 1, true) ~= nil, definition)

  local items = ask("textDocument/completion", at(1, 13))
  local labels = {}
  for _, item in ipairs((items and items.items) or items or {}) do labels[item.label] = true end
  check("completion offers the dialog", labels["welcome"] == true, labels)

  local rename = at(1, 24)
  rename.newName = "称呼"
  local edit = ask("textDocument/rename", rename)
  check("a rename is made", edit ~= nil, edit)
  if edit then vim.lsp.util.apply_workspace_edit(edit, "utf-16") end
  local all = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n")
  check("no old name is left", not all:find("who", 1, true), all)
  check("the emoji are whole", select(2, all:gsub("😀", "")) == 2, all)

  local tokens = ask("textDocument/semanticTokens/full", { textDocument = document })
  check("semantic tokens come in fives", tokens and #tokens.data > 0 and #tokens.data % 5 == 0, tokens)
  local symbols = ask("textDocument/documentSymbol", { textDocument = document })
  check("the outline has two items", symbols and #symbols == 2, symbols)

  vim.wait(500, function() return #diagnostics() > 0 end, 20)
  check("and nothing is wrong in the end", #diagnostics() == 0, diagnostics())
  vim.lsp.stop_client(id)
  vim.wait(10000, function() return vim.lsp.client_is_stopped(id) end, 20)
  check("the server leaves when asked", vim.lsp.client_is_stopped(id), id)
end

local fine, problem = pcall(main)
if not fine then
  out:write("WRONG " .. tostring(problem) .. "\n")
end
out:flush()
vim.cmd((fine and not failed) and "qall!" or "cquit 1")
