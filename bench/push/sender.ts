/** A process with one sender: sends rounds as it is told, and reports what they cost it. */
import type { RunningSender, SenderSettings } from './push-sender.ts';
import { senderNamed } from './senders/index.ts';

export type SenderOrder =
  | { readonly kind: 'start'; readonly name: string; readonly settings: SenderSettings }
  | { readonly kind: 'round'; readonly ms: number; readonly batch: number; readonly parallel: number };

export type SenderReport =
  | { readonly kind: 'started' }
  | { readonly kind: 'round'; readonly sent: number; readonly cpuMs: number; readonly wallMs: number }
  | { readonly kind: 'failed'; readonly reason: string };

let sender: RunningSender | undefined;

process.on('message', (order: SenderOrder) => {
  obey(order).then(tell, (error: unknown) =>
    tell({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));

function tell(report: SenderReport): void {
  process.send?.(report);
}

async function obey(order: SenderOrder): Promise<SenderReport> {
  if (order.kind === 'start') {
    sender = await senderNamed(order.name).start(order.settings);
    return { kind: 'started' };
  }
  if (sender === undefined) throw new Error('not started');
  return round(sender, order);
}

/** Batches one after the other in some lanes until the time is over; what was begun counts to its end. */
async function round(
  sending: RunningSender,
  { ms, batch, parallel }: Extract<SenderOrder, { kind: 'round' }>,
): Promise<SenderReport> {
  const started = performance.now();
  const before = process.cpuUsage();
  const lane = async (): Promise<number> => {
    let sent = 0;
    while (performance.now() - started < ms) {
      const taken = await sending.send(batch);
      sent += taken;
    }
    return sent;
  };
  const lanes = await Promise.all(Array.from({ length: parallel }, lane));
  const { user, system } = process.cpuUsage(before);
  return {
    kind: 'round',
    sent: lanes.reduce((sum, one) => sum + one, 0),
    cpuMs: (user + system) / 1000,
    wallMs: performance.now() - started,
  };
}
