/** The credentials every target is started with and every request is signed with, and where a target listens. */

export interface AppCredentials {
  readonly id: string;
  readonly key: string;
  readonly secret: string;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Only ever used on a loopback port that lives for one scenario, so it is no secret. */
export const BENCH_APP: AppCredentials = { id: '1', key: 'bench-key', secret: 'bench-secret' };
