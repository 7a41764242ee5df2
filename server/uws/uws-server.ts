/** The only place that loads uWebSockets.js: makes its app, and listens. */
import uWS, { type TemplatedApp, type us_listen_socket } from 'uWebSockets.js';
import type { TlsSettings } from '../config/config.ts';

/** What the package has at run time and its types leave out. */
const runtime = uWS as typeof uWS & { _cfg(setting: 'silent'): void };

export class UwsServer {
  readonly app: TemplatedApp;
  #listening: us_listen_socket | undefined;

  /** @throws Error in the operator's words when the certificate can't be used */
  constructor(tls: TlsSettings | undefined) {
    // Without its version header: it tells strangers what runs here, and costs bytes in every answer.
    runtime._cfg('silent');
    this.app = tls === undefined ? uWS.App() : secureApp(tls);
  }

  /**
   * Listens, beside whoever else does: see `port-check.ts`.
   * @returns the port in use
   * @throws Error when that can't be done
   */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.app.listen(host, port, (socket) => {
        if (socket === false) {
          reject(new Error(`Cannot listen on ${host}:${port}`));
          return;
        }
        this.#listening = socket;
        resolve(uWS.us_socket_local_port(socket));
      });
    });
  }

  /**
   * Listens at a Unix socket.
   * @throws Error when that can't be done
   */
  listenAt(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.app.listen_unix((socket: us_listen_socket | false) => {
        if (socket === false) {
          reject(new Error(`Cannot listen at ${path}`));
          return;
        }
        this.#listening = socket;
        resolve();
      }, path);
    });
  }

  /** No new connections; those that are open live on. */
  stopListening(): void {
    if (this.#listening === undefined) return;
    uWS.us_listen_socket_close(this.#listening);
    this.#listening = undefined;
  }

  /** Ends everything that is still open. */
  close(): void {
    this.#listening = undefined;
    this.app.close();
  }
}

function secureApp({ certFile, keyFile, passphrase }: TlsSettings): TemplatedApp {
  try {
    return uWS.SSLApp({
      cert_file_name: certFile,
      key_file_name: keyFile,
      ...(passphrase === undefined ? {} : { passphrase }),
    });
  } catch {
    throw new Error(
      `Cannot use tls.certFile (${certFile}) with tls.keyFile (${keyFile}): do they belong together?`,
    );
  }
}
