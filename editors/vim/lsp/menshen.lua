-- Neovim 0.11 and later: put this folder on the runtime path and call vim.lsp.enable("menshen").
return {
  cmd = { "menshen", "lsp" },
  filetypes = { "menshen" },
  root_markers = { "menshen.toml", ".git" },
}
