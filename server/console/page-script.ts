import { PAGE_MD5 } from './page-md5.ts';

/**
 * The console page's script, as the browser gets it. Everything from outside reaches the document as text, never as
 * markup. Host and port are those of the page, so it works through whatever the browser came through.
 */
export const PAGE_SCRIPT = `
'use strict';
${PAGE_MD5}
const settings = JSON.parse(document.getElementById('settings').textContent);
const byId = (id) => document.getElementById(id);
const tls = location.protocol === 'https:';
const port = Number(location.port) || (tls ? 443 : 80);
const prefix = location.pathname.replace(/\\/+$/, '');
const address = (tls ? 'wss://' : 'ws://') + location.host + prefix;
const secret = settings.app.secret || 'YOUR_APP_SECRET';
const ROWS = 500;

// --- What to paste elsewhere

const shellWord = (word) => (/^[\\w.:=@%+,/-]+$/.test(word) ? word : "'" + word.replaceAll("'", "'\\\\''") + "'");
const literal = (value) => "'" + JSON.stringify(value).slice(1, -1).replaceAll('\\\\"', '"').replaceAll("'", "\\\\'") + "'";

function triggerLine() {
  const { id, key } = settings.app;
  const { defaults } = settings;
  const options = [];
  if (!['localhost', '127.0.0.1', '[::1]'].includes(location.hostname)) {
    options.push('--host', location.hostname.replace(/[[\\]]/g, ''));
  }
  if (port !== defaults.port) options.push('--port', String(port));
  if (tls) options.push('--tls');
  const isDefault = id === defaults.appId && key === defaults.key && secret === defaults.secret;
  if (!isDefault) options.push('--app-id', id, '--key', key, '--secret', secret);
  const words = ['npx', '--no', 'carillon', 'trigger', 'my-channel', 'my-event', JSON.stringify({ hello: 'world' }), ...options];
  return words.map(shellWord).join(' ');
}

function serverSnippet() {
  return [
    "import Pusher from 'pusher';",
    '',
    'const pusher = new Pusher({',
    '  appId: ' + literal(settings.app.id) + ',',
    '  key: ' + literal(settings.app.key) + ',',
    '  secret: ' + literal(secret) + ',',
    '  host: ' + literal(location.hostname) + ',',
    '  port: ' + literal(String(port)) + ',',
    '  useTLS: ' + tls + ',',
    '});',
    '',
    "await pusher.trigger('my-channel', 'my-event', { hello: 'world' });",
  ].join('\\n');
}

function browserSnippet() {
  const close = '</' + 'script>';
  return [
    '<script src="' + location.origin + prefix + '/console/pusher.js">' + close,
    '<script>',
    '  const pusher = new Pusher(' + literal(settings.app.key).replaceAll('<', '\\\\x3c') + ', {',
    "    cluster: '',",
    '    wsHost: ' + literal(location.hostname) + ',',
    '    wsPort: ' + port + ',',
    '    wssPort: ' + port + ',',
    ...(prefix ? ['    wsPath: ' + literal(prefix) + ','] : []),
    '    forceTLS: ' + tls + ',',
    "    enabledTransports: ['ws', 'wss'],",
    '  });',
    "  pusher.subscribe('my-channel').bind('my-event', (data) => console.log(data));",
    close,
  ].join('\\n');
}

byId('trigger').textContent = triggerLine();
byId('server').textContent = serverSnippet();
byId('browser').textContent = browserSnippet();

async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  // Pages that are neither https nor localhost have no clipboard, so copy from a selection.
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (!copied) throw new Error('The browser refused to copy');
}

for (const button of document.querySelectorAll('button[data-copy]')) {
  button.addEventListener('click', () => {
    copy(byId(button.dataset.copy).textContent).then(
      () => { button.textContent = 'Copied'; },
      () => { button.textContent = 'Select and copy by hand'; },
    );
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
}

// --- Connection

function showState(state, detail) {
  const mood = state === 'connected' ? 'good' : ['unavailable', 'failed', 'disconnected'].includes(state) ? 'bad' : 'wait';
  byId('status').dataset.mood = mood;
  byId('state').textContent = state;
  byId('detail').textContent = detail;
}

/** \`calm\` is for what passes by itself. */
function showProblem(title, advice, calm) {
  byId('problem').hidden = title === undefined;
  byId('problem').classList.toggle('calm', calm === true);
  byId('problem-title').textContent = title || '';
  byId('problem-advice').textContent = advice || '';
}

const ADVICE = {
  4000: 'This app accepts only TLS. Open this page by https://.',
  4001: 'The server does not know the key of this page. If it was restarted with other settings, reload the page.',
  4003: 'The app is disabled in the server\\'s configuration.',
  4004: 'The app has as many connections as it may. Close some, or raise its limit.',
  4005: 'Something between here and the server changed the path. It must end in /app/ and the key.',
  4009: 'The server refused this connection. If the app lists allowed origins, add ' + location.origin + '.',
  4100: 'The server is full or busy. This page tries again by itself.',
};

const unreachable = () =>
  showProblem(
    'No answer from ' + address,
    'Is the server still running? If a proxy stands between, it must pass WebSocket upgrades on. This page keeps trying.',
  );

async function sign(text) {
  if (!window.crypto || !crypto.subtle) throw new Error('Signing needs https or localhost: open the page there');
  const bytes = (value) => new TextEncoder().encode(value);
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', bytes(settings.app.secret), algorithm, false, ['sign']);
  return hex(await crypto.subtle.sign('HMAC', key, bytes(text)));
}

async function authorize({ channelName, socketId }) {
  if (!settings.app.secret) throw new Error('This page has no secret to sign with');
  const user = { user_id: 'console-' + socketId, user_info: { name: 'Console' } };
  const channelData = channelName.startsWith('presence-') ? JSON.stringify(user) : undefined;
  const text = socketId + ':' + channelName + (channelData === undefined ? '' : ':' + channelData);
  const auth = settings.app.key + ':' + (await sign(text));
  return channelData === undefined ? { auth } : { auth, channel_data: channelData };
}

function connect() {
  const pusher = new Pusher(settings.app.key, {
    cluster: '',
    wsHost: location.hostname,
    wsPort: port,
    wssPort: port,
    wsPath: prefix,
    forceTLS: tls,
    enabledTransports: ['ws'],
    unavailableTimeout: 3000,
    channelAuthorization: {
      customHandler: (request, done) => authorize(request).then((reply) => done(null, reply), (error) => done(error, null)),
    },
  });
  // By itself pusher-js waits out its timeout of fifteen seconds and more, however soon an attempt failed.
  const dialAgain = () => {
    if (pusher.connection.state !== 'unavailable') return;
    pusher.disconnect();
    pusher.connect();
  };
  let refusal;
  pusher.connection.bind('state_change', ({ current }) => {
    if (current === 'connected') {
      refusal = undefined;
      showProblem();
      showState(current, 'socket ' + pusher.connection.socket_id + ' at ' + address);
      return;
    }
    showState(current, current === 'connecting' ? 'to ' + address : '');
    if (current === 'unavailable') {
      unreachable();
      setTimeout(dialAgain, 2000);
    }
    if (current === 'failed') showProblem('This browser has no WebSocket', 'Use one that does.');
    if (current === 'disconnected' && refusal === undefined) unreachable();
  });
  pusher.connection.bind('error', (error) => {
    const data = error && (error.data || (error.error && error.error.data));
    if (!data || typeof data.code !== 'number') return;
    if (data.code === 4200) {
      showProblem('The node is stopping; this page reconnects by itself', '', true);
    } else if (data.code >= 4000 && data.code < 4300) {
      refusal = data.code;
      showProblem('Code ' + data.code + (data.message ? ': ' + data.message : ''), ADVICE[data.code] || '');
    }
  });
  return pusher;
}

// --- Channels and events

function addRow(channel, event, data) {
  const row = byId('events').insertRow(0);
  if (event.startsWith('pusher:')) row.className = 'protocol';
  const text = data === undefined ? '' : typeof data === 'string' ? data : JSON.stringify(data);
  for (const value of [new Date().toLocaleTimeString([], { hour12: false }), channel, event, text]) row.insertCell().textContent = value;
  row.cells[3].className = 'data';
  if (byId('events').rows.length > ROWS) byId('events').deleteRow(ROWS);
  if (!event.startsWith('pusher:')) byId('empty').hidden = true;
}

/** What the page itself has to say, among the events. */
const note = (channel, text) => addRow(channel, 'console', text);

function listen(pusher, name) {
  const item = document.createElement('li');
  const title = document.createElement('code');
  title.textContent = name;
  const leave = document.createElement('button');
  leave.type = 'button';
  leave.textContent = '×';
  leave.setAttribute('aria-label', 'Unsubscribe from ' + name);
  const reason = document.createElement('span');
  reason.className = 'reason';
  item.append(title, reason, leave);
  byId('channels').append(item);
  const channel = pusher.subscribe(name);
  channel.bind_global((event, data) => {
    addRow(name, event, data);
    const refused = event === 'pusher:subscription_error';
    if (!refused && event !== 'pusher:subscription_succeeded') return;
    item.className = refused ? 'refused' : '';
    reason.textContent = refused ? (data && data.error) || 'The server refused it' : '';
  });
  leave.addEventListener('click', () => {
    pusher.unsubscribe(name);
    channel.unbind_global();
    item.remove();
    byId('channel').focus();
  });
}

/** Why a channel can't be followed from here, or nothing. */
function obstacle(pusher, name) {
  if (name.startsWith('private-encrypted-')) return 'Encrypted channels need a shared secret, which this page does not have';
  if (name.startsWith('#')) return 'Channels that begin with # belong to the server: a client gets the one of its user by signing in, not by subscribing';
  return pusher.channel(name) ? 'This page is subscribed to it already' : undefined;
}

/** Sends as a server does, by the signed HTTP API. Rejects with why it did not work. */
async function sendTestEvent(channel) {
  const { id, key } = settings.app;
  const body = JSON.stringify({ name: 'my-event', channels: [channel], data: JSON.stringify({ hello: 'world' }) });
  const path = '/apps/' + id + '/events';
  const query = 'auth_key=' + key + '&auth_timestamp=' + Math.floor(Date.now() / 1000) + '&auth_version=1.0&body_md5=' + md5(body);
  const signature = await sign(['POST', path, query].join('\\n'));
  const response = await fetch(location.origin + prefix + path + '?' + query + '&auth_signature=' + signature, { method: 'POST', body });
  if (!response.ok) throw new Error('The server refused it with ' + response.status + ': ' + (await response.text()));
}

if (typeof Pusher === 'undefined') {
  showState('failed', '');
  showProblem('The client library did not load', 'The server serves it at console/pusher.js. Reload the page; if that fails, look at the server\\'s log.');
} else {
  const pusher = connect();
  listen(pusher, 'my-channel');
  byId('subscribe').addEventListener('submit', (submit) => {
    submit.preventDefault();
    const name = byId('channel').value.trim();
    if (name === '') return;
    const why = obstacle(pusher, name);
    if (why === undefined) listen(pusher, name);
    else note(name, why);
  });
  // Signing takes the secret, and a page from https or this machine.
  for (const id of ['send', 'by-button']) byId(id).hidden = !settings.app.secret || !window.crypto || !crypto.subtle;
  byId('send').addEventListener('click', () => {
    const name = byId('channel').value.trim() || 'my-channel';
    sendTestEvent(name).then(
      () => { if (!pusher.channel(name)) note(name, 'Sent, but this page is not subscribed to the channel'); },
      (error) => note(name, 'Not sent: ' + error.message),
    );
  });
}
byId('clear').addEventListener('click', () => {
  byId('events').replaceChildren();
  byId('empty').hidden = false;
});
`;
