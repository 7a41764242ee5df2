/** A log line for people: one of pino's JSON lines → time, level, phrase, fields. For development only. */

const LEVELS: ReadonlyMap<unknown, string> = new Map([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info'],
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
]);

/** Returns the line with its line end; an error's stack follows on lines of its own. */
export function readableLine(json: string): string {
  const entry: unknown = JSON.parse(json);
  if (typeof entry !== 'object' || entry === null) return json;
  const { level, time, msg, err, ...fields } = entry as Readonly<Record<string, unknown>>;
  const clock = typeof time === 'number' ? new Date(time).toISOString().slice(11, 23) : '';
  const words = Object.entries(fields).map(([name, value]) => `${name}=${shown(value)}`);
  const line = [clock, (LEVELS.get(level) ?? '').padEnd(5), msg, ...words].join(' ').trimEnd();
  return `${line}\n${stackOf(err)}`;
}

function shown(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

function stackOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const text = 'stack' in error ? error.stack : 'message' in error ? error.message : undefined;
  return typeof text === 'string' ? `${text.replace(/^/gm, '    ')}\n` : '';
}
