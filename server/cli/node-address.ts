/** Where the node is that a command speaks to: what its options say, else what the caller knows. */
import { baseUrl } from './address.ts';
import { UsageError } from './usage-error.ts';

/** Options by name, with the dashes. */
export type Options = ReadonlyMap<string, string>;

/** @param host where to look when the options name no host; likewise port and TLS */
export function nodeAddress(options: Options, host: string, port: number, tls: boolean): string {
  const given = options.get('--port') ?? String(port);
  if (!/^\d{1,5}$/.test(given) || Number(given) > 65_535) {
    throw new UsageError(`--port must be a whole number from 1 to 65535, but is ${given}`);
  }
  if (Number(given) === 0) throw new UsageError('--port is needed, because the configured port is 0');
  const secure = (options.get('--tls') ?? String(tls)) !== 'false';
  return baseUrl(secure ? 'https' : 'http', options.get('--host') ?? host, Number(given));
}
