// Starts `menshen lsp` for rule files and stops it again; everything else is the server's.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = async function (context) {
  const settings = workspace.getConfiguration("menshen");
  const server = { command: settings.get("path", "menshen"), args: ["lsp"] };
  // Rule and list files that change on disk are read again.
  const watcher = workspace.createFileSystemWatcher("**/*.{rules,txt,list,csv}");
  context.subscriptions.push(watcher);
  client = new LanguageClient("menshen", "Menshen", server, {
    documentSelector: [
      { scheme: "file", language: "menshen" },
      { scheme: "untitled", language: "menshen" },
    ],
    initializationOptions: { lang: settings.get("language", "zh") },
    synchronize: { fileEvents: watcher },
  });
  await client.start();
};

exports.deactivate = function () {
  return client ? client.stop() : undefined;
};
