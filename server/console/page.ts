/**
 * The development console: one self-contained HTML page that connects to its own server with pusher-js and shows
 * events as they arrive. It shows a secret, so it is for the development app only.
 */
import { createHash } from 'node:crypto';
import { PAGE_SCRIPT } from './page-script.ts';
import { PAGE_STYLE } from './page-style.ts';

/** The app the page connects to. */
export interface ConsoleApp {
  readonly id: string;
  readonly key: string;
  /** Shown in the snippets and used to sign private channels; without it the snippets carry a placeholder. */
  readonly secret: string | undefined;
}

/** What `carillon trigger` assumes when it is told nothing; only what differs is written into the trigger line. */
export interface TriggerDefaults {
  readonly port: number;
  readonly appId: string;
  readonly key: string;
  readonly secret: string;
}

/** Where the page loads pusher-js from, relative to itself. */
const LIBRARY = 'console/pusher.js';

/** The page for one app. */
export function consolePage(app: ConsoleApp, defaults: TriggerDefaults): string {
  const { id, key, secret } = app;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Carillon console</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
<header>
  <h1>Carillon</h1>
  <p id="status" role="status" data-mood="wait"><span id="dot" aria-hidden="true"></span><span id="state">connecting</span><span id="detail" class="soft"></span></p>
</header>
<noscript><p class="card">This page needs JavaScript.</p></noscript>
<section id="problem" class="card" role="alert" hidden>
  <h2 id="problem-title"></h2>
  <p id="problem-advice"></p>
</section>
<section class="card" aria-labelledby="channels-title">
  <h2 id="channels-title">Channels</h2>
  <form id="subscribe">
    <label>Channel name <input id="channel" value="my-channel" maxlength="200" autocomplete="off" spellcheck="false" required></label>
    <button class="main">Subscribe</button>
    <button id="send" type="button" hidden>Send a test event</button>
  </form>
  <ul id="channels" aria-label="Subscribed channels"></ul>
</section>
<section class="card" aria-labelledby="events-title">
  <div class="bar"><h2 id="events-title">Events</h2><button id="clear" type="button">Clear</button></div>
  <div class="scroll" tabindex="0" role="region" aria-labelledby="events-title">
    <table>
      <thead><tr><th scope="col">Time</th><th scope="col">Channel</th><th scope="col">Event</th><th scope="col">Data</th></tr></thead>
      <tbody id="events"></tbody>
    </table>
  </div>
  <p id="empty" class="soft">No event yet. Next, send one: <span id="by-button" hidden>by the button above, or </span>by <a href="#next-title">the lines below</a>. It appears here.</p>
</section>
<section class="card" aria-labelledby="next-title">
  <h2 id="next-title">Next steps</h2>
  <p class="soft">App <code>${escapeHtml(id)}</code> with key <code>${escapeHtml(key)}</code>, for development on this machine.</p>
  ${snippet('trigger', 'Send an event from a terminal, in the folder of this node')}
  ${snippet('server', 'Send one from Node: npm install pusher, save as trigger.mjs, run it')}
  ${snippet('browser', 'Receive it in a page of your own: save as page.html, open it')}
</section>
</main>
<script type="application/json" id="settings">${scriptJson({ app: { id, key, secret }, defaults })}</script>
<script src="${LIBRARY}"></script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

function snippet(id: string, title: string): string {
  return `<div class="snippet">
    <div class="bar"><h3>${escapeHtml(title)}</h3><button type="button" data-copy="${id}" aria-label="Copy: ${escapeHtml(title)}">Copy</button></div>
    <pre tabindex="0"><code id="${id}"></code></pre>
  </div>`;
}

/** Only this page's own style and script run, and it can connect nowhere but to its server and by WebSocket. */
function contentPolicy(): string {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return [
    "default-src 'none'",
    `script-src 'self' ${hash(PAGE_SCRIPT)}`,
    `style-src ${hash(PAGE_STYLE)}`,
    "connect-src 'self' ws: wss:",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** JSON that can't end the script element it stands in. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
