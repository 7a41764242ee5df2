/** A customer's web application: one page with unmodified pusher-js, and the two auth endpoints it calls. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type Pusher from 'pusher';
import type { TestServer } from '../support/server.ts';

export interface Application {
  /** The page as a visitor sees it; `user` is who the application takes them for. */
  url(user: string): string;
  close(): Promise<void>;
}

const manifest = createRequire(import.meta.url).resolve('pusher-js/package.json');
/** pusher-js as pages load it. */
export const library = readFileSync(join(dirname(manifest), 'dist', 'web', 'pusher-with-encryption.min.js'));

export async function startApplication(server: TestServer, sdk: Pusher): Promise<Application> {
  const web = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://application');
    const user = url.searchParams.get('user') ?? '';
    switch (url.pathname) {
      case '/':
        return send(response, 'text/html; charset=utf-8', pageFor(server, user));
      case '/pusher.js':
        return send(response, 'text/javascript', library);
      case '/pusher/auth':
        return answerForm(request, response, (form) => {
          const channel = form.get('channel_name') ?? '';
          const member = channel.startsWith('presence-')
            ? { user_id: user, user_info: { name: user } }
            : undefined;
          return sdk.authorizeChannel(form.get('socket_id') ?? '', channel, member);
        });
      case '/pusher/user-auth':
        return answerForm(request, response, (form) =>
          sdk.authenticateUser(form.get('socket_id') ?? '', { id: user }),
        );
      default:
        response.writeHead(204).end();
    }
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const { port } = web.address() as AddressInfo;
  return {
    url: (user) => `http://127.0.0.1:${port}/?user=${encodeURIComponent(user)}`,
    close: () => {
      web.closeAllConnections();
      return new Promise((resolve) => web.close(() => resolve()));
    },
  };
}

function send(response: ServerResponse, contentType: string, body: string | Buffer): void {
  response.writeHead(200, { 'content-type': contentType }).end(body);
}

function answerForm(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (form: URLSearchParams) => object,
): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
    send(response, 'application/json', JSON.stringify(answer(form)));
  });
}

/** Everything that happens is written into lists, which tests wait for. */
function pageFor(server: TestServer, user: string): string {
  const settings = JSON.stringify({ key: server.app.key, host: server.host, port: server.port, user });
  return `<!doctype html>
<meta charset="utf-8">
<title>Application</title>
<link rel="icon" href="data:,">
<p id="state"></p><ul id="seen"></ul>
<script src="/pusher.js"></script>
<script>
  const { key, host, port, user } = ${settings};
  const note = (text) => {
    const item = document.createElement('li');
    item.textContent = text;
    document.getElementById('seen').append(item);
  };
  const query = '?user=' + encodeURIComponent(user);
  const pusher = new Pusher(key, {
    cluster: 'local', wsHost: host, wsPort: port, forceTLS: false, enabledTransports: ['ws'],
    channelAuthorization: { endpoint: '/pusher/auth' + query },
    userAuthentication: { endpoint: '/pusher/user-auth' + query },
  });
  pusher.connection.bind('state_change', ({ current }) => {
    document.getElementById('state').textContent = current;
  });
  pusher.user.bind('note', (data) => note('user note ' + data));
  pusher.signin();
  const channels = {};
  for (const name of ['news', 'private-a', 'private-encrypted-a', 'presence-room']) {
    const channel = (channels[name] = pusher.subscribe(name));
    channel.bind('pusher:subscription_succeeded', () => note('subscribed ' + name));
    channel.bind('my-event', (data) => note(name + ' ' + JSON.stringify(data)));
  }
  channels['presence-room'].bind('pusher:member_added', ({ id }) => note('added ' + id));
  channels['presence-room'].bind('pusher:member_removed', ({ id }) => note('removed ' + id));
  channels['presence-room'].bind('client-wave', (data, { user_id }) => note('wave from ' + user_id));
</script>
`;
}
