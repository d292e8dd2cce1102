" Other programs have *.rules files too (udev, Snort); ours begin lines with the words of items.
autocmd BufRead,BufNewFile *.rules
      \ if search('\v^%(let|list|on|signal|dialog|test|extractor)\s', 'nw') || getline(1, '$') == ['']
      \ |   set filetype=menshen
      \ | endif
