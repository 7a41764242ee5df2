/** The port over fetch. See the port. */
import type { Clock } from '../lib/clock.ts';
import type { BackendClient, BackendReply, BackendRequest } from './backend-client.ts';

const MAX_BYTES = 1_048_576;

export class FetchBackendClient implements BackendClient {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async send({ method, url, headers, body, timeoutMs }: BackendRequest): Promise<BackendReply> {
    const abort = new AbortController();
    const cancel = this.#clock.after(timeoutMs, () =>
      abort.abort(new Error(`no answer within ${timeoutMs} ms`)),
    );
    try {
      const response = await fetch(url, {
        method,
        headers,
        body: body ?? null,
        // Credentials are meant for the address that was configured and no other.
        redirect: 'manual',
        signal: abort.signal,
      });
      return { status: response.status, body: await readText(response) };
    } finally {
      cancel();
    }
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`the answer is longer than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Why a request got no answer, for the log: fetch hides the reason in the cause. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
