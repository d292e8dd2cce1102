// One phone per simulated user. Text from the bot is only ever put into text nodes; the links it may
// contain are rebuilt element by element.
'use strict';
const $ = (id) => document.getElementById(id);
const POLL_MS = 700;
let users = [];
let openid = '';
let seen = 0;
let round = 0;

async function call(method, path, body) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.headers['Content-Type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  const response = await fetch('/sandbox' + path, options);
  const text = await response.text();
  const value = text ? JSON.parse(text) : null;
  if (!response.ok) throw new Error((value && value.error) || '出错了：' + response.status);
  return value;
}

async function act(action, body) {
  if (!openid) return;
  try {
    await call('POST', '/users/' + encodeURIComponent(openid) + '/' + action, body || {});
  } catch (error) {
    $('state').textContent = error.message;
  }
  await refresh();
}

const LINK = /<a\s+([^>]*)>([\s\S]*?)<\/a>/g;

function fill(node, text) {
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    node.append(text.slice(from, match.index));
    from = match.index + match[0].length;
    const href = (/href="([^"]*)"/.exec(match[1]) || [])[1] || '';
    node.append(link(href, match[2]));
  }
  node.append(text.slice(from));
}

function link(href, label) {
  if (href.startsWith('weixin://bizmsgmenu?')) {
    const query = new URLSearchParams(href.slice(href.indexOf('?')));
    return choice(label, query.get('msgmenucontent') || label, query.get('msgmenuid'));
  }
  if (/^https?:\/\//.test(href)) {
    const a = document.createElement('a');
    a.href = href;
    a.target = '_blank';
    a.rel = 'noreferrer noopener';
    a.textContent = label;
    return a;
  }
  return document.createTextNode(label);
}

function choice(label, content, id) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'choice';
  button.textContent = label;
  button.addEventListener('click', () => act('text', { content, menu_id: id || null }));
  return button;
}

// A news reply holds one article or a list of them; a customer-service one names its parts in lower case.
function articles(entry) {
  const found = (entry.data.Articles && entry.data.Articles.item) || entry.data.articles || [];
  return Array.isArray(found) ? found : [found];
}

function card(article) {
  const node = document.createElement('div');
  node.className = 'card';
  node.append(link(article.Url || article.url || '', article.Title || article.title || '图文'));
  const text = article.Description || article.description;
  if (text) {
    const small = document.createElement('small');
    small.textContent = text;
    node.append(small);
  }
  return node;
}

const CHANNELS = { reply: '被动回复', custom: '客服消息', template: '模板消息' };

function show(entry) {
  const item = document.createElement('li');
  item.className = entry.from + ' ' + entry.channel;
  if (entry.kind === 'msgmenu') {
    fill(item, entry.data.head_content || '');
    for (const one of entry.data.list || []) item.append(choice(one.content, one.content, one.id));
    item.append(entry.data.tail_content || '');
  } else if (entry.kind === 'news' && articles(entry).length) {
    for (const one of articles(entry)) item.append(card(one));
  } else {
    fill(item, entry.text);
  }
  if (entry.channel === 'template' && entry.data.url) {
    item.append('\n', link(entry.data.url, '查看详情'));
  }
  if (CHANNELS[entry.channel]) {
    const small = document.createElement('small');
    small.textContent = CHANNELS[entry.channel] + ' · ' + new Date(entry.at).toLocaleTimeString('zh-CN');
    item.append(small);
  }
  $('chat').append(item);
}

async function refresh() {
  const mine = ++round;
  const wanted = openid;
  users = await call('GET', '/users');
  if (mine !== round) return;
  if (!users.length) {
    await call('POST', '/users', { name: '小明' });
    return refresh();
  }
  if (!users.some((user) => user.openid === openid)) return select(users[0].openid);
  const select_box = $('user');
  const names = users.map((user) => user.name + (user.following ? '' : '（未关注）'));
  if (select_box.dataset.names !== JSON.stringify(names)) {
    select_box.dataset.names = JSON.stringify(names);
    select_box.replaceChildren(...users.map((user, index) => new Option(names[index], user.openid)));
  }
  select_box.value = openid;
  const user = users.find((one) => one.openid === openid);
  $('follow').textContent = user.following ? '取消关注' : '关注';
  $('text').disabled = !user.following;
  const entries = await call('GET', '/users/' + encodeURIComponent(wanted) + '/transcript?after=' + seen);
  if (mine !== round || wanted !== openid) return;
  for (const entry of entries) {
    show(entry);
    seen = entry.seq;
  }
  if (entries.length) $('chat').scrollTop = $('chat').scrollHeight;
  if (entries.length || !$('state').textContent) {
    $('state').textContent = user.following ? '客服消息额度：' + user.custom_left : '还没有关注公众号：点右上角的“关注”';
  }
}

function select(next) {
  openid = next;
  seen = 0;
  $('chat').replaceChildren();
  $('state').textContent = '';
  return refresh();
}

async function drawMenu() {
  const { button } = await call('GET', '/menu');
  const flat = button.flatMap((one) => one.sub_button || [one]).filter((one) => one.type === 'click');
  $('menu').hidden = !flat.length;
  $('menu').replaceChildren(...flat.map((one) => {
    const node = document.createElement('button');
    node.type = 'button';
    node.textContent = one.name;
    node.addEventListener('click', () => act('click', { key: one.key }));
    return node;
  }));
}

async function openCodes() {
  const codes = await call('GET', '/codes');
  $('code-list').replaceChildren(...codes.map((one) => {
    const item = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = one.scene;
    button.addEventListener('click', () => { $('codes').close(); act('scan', { code: one.ticket }); });
    item.append(button);
    return item;
  }));
  $('code').value = '';
  $('codes').returnValue = '';
  $('codes').showModal();
}

$('user').addEventListener('change', () => select($('user').value));
$('add').addEventListener('click', async () => {
  const name = prompt('新用户的名字', '');
  if (name === null) return;
  try {
    const made = await call('POST', '/users', { name });
    await select(made.openid);
  } catch (error) {
    $('state').textContent = error.message;
  }
});
$('follow').addEventListener('click', () => {
  const user = users.find((one) => one.openid === openid);
  act(user && user.following ? 'unfollow' : 'follow');
});
$('scan').addEventListener('click', () => openCodes().catch((error) => { $('state').textContent = error.message; }));
$('codes').addEventListener('close', () => {
  const code = $('code').value.trim();
  if ($('codes').returnValue === 'scan' && code) act('scan', { code });
});
$('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const content = $('text').value;
  if (!content.trim()) return;
  $('text').value = '';
  act('text', { content });
});

async function loop() {
  try {
    await refresh();
  } catch (error) {
    $('state').textContent = '连接已断开，正在重试…';
  }
  setTimeout(loop, POLL_MS);
}
loop();
drawMenu().catch(() => {});
setInterval(() => drawMenu().catch(() => {}), 5000);
