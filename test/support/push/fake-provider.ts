/** A provider that takes everything, unless it is told how to answer; it remembers what it was given. */
import type { Address } from '../../../server/push/device.ts';
import type {
  PayloadProblem,
  PreparedPush,
  ProviderGroup,
  PushProvider,
  SendOptions,
  Verdict,
} from '../../../server/push/push-provider.ts';

interface Prepared extends PreparedPush {
  readonly payload: object;
}

const SENT: Verdict = { kind: 'sent', messageId: 'message-1' };
export const DEAD: Verdict = { kind: 'dead', code: 'UNREGISTERED', reason: 'the token is not registered' };
export const REFUSED: Verdict = { kind: 'refused', code: 'INVALID', reason: 'never' };
export const MISCONFIGURED: Verdict = { kind: 'misconfigured', code: 'UNAUTHORIZED', reason: 'wrong key' };
export const later = (afterMs?: number): Verdict => ({
  kind: 'retry',
  afterMs,
  code: 'UNAVAILABLE',
  reason: 'not now',
});

export class FakeProvider implements PushProvider {
  /** What arrived, in order. */
  readonly messages: Array<{ readonly token: string; readonly payload: object }> = [];
  readonly groups: ProviderGroup[] = [];
  /** Payloads that were prepared. */
  prepared = 0;
  /** Verdicts by token, the next first; without one: sent. */
  readonly answers = new Map<string, Verdict[]>();
  /** Verdict for tokens without answers of their own. */
  always: Verdict = SENT;
  /** Payloads of more bytes are refused. */
  limit = 4096;
  /** Sending waits for it. */
  gate: Promise<void> = Promise.resolve();
  /** Most recipients that were sent to at a time. */
  most = 0;
  #sending = 0;

  prepare(payload: object): Prepared | PayloadProblem {
    this.prepared += 1;
    const bytes = JSON.stringify(payload).length;
    if (bytes > this.limit) return { problem: `the payload has ${bytes} bytes, and may have ${this.limit}` };
    return { bytes, payload };
  }

  async send(
    prepared: PreparedPush,
    addresses: readonly Address[],
    { signal }: SendOptions,
  ): Promise<readonly Verdict[]> {
    this.#sending += addresses.length;
    this.most = Math.max(this.most, this.#sending);
    await gateOrAbort(this.gate, signal);
    this.#sending -= addresses.length;
    if (signal.aborted) {
      return addresses.map(() => ({
        kind: 'retry',
        afterMs: undefined,
        code: 'aborted',
        reason: 'not begun',
      }));
    }
    const { payload } = prepared as Prepared;
    return addresses.map(({ token }) => {
      this.messages.push({ token, payload });
      return this.answers.get(token)?.shift() ?? this.always;
    });
  }

  readonly sendToGroup = async (_prepared: PreparedPush, group: ProviderGroup): Promise<Verdict> => {
    this.groups.push(group);
    return this.always;
  };

  close(): void {
    this.messages.length = 0;
  }

  tokens(): string[] {
    return this.messages.map(({ token }) => token);
  }
}

async function gateOrAbort(gate: Promise<void>, signal: AbortSignal): Promise<void> {
  let stop = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
  });
  signal.addEventListener('abort', stop);
  await Promise.race([gate, aborted]);
  signal.removeEventListener('abort', stop);
}
