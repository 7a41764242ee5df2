/** Hears what PostgreSQL notifies on one channel, on a connection of its own that is made anew whenever it is lost. */
import pg from 'pg';
import type { PostgresSettings } from '../config/config.ts';
import type { Clock } from '../lib/clock.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import { pgOptions } from './pg-connection.ts';
import { typedPgError } from './pg-errors.ts';

export interface PgListenerPorts {
  readonly clock: Clock;
  readonly log: OccasionalLog;
}

const RECONNECT_MS = 1000;

export class PgListener {
  readonly #settings: PostgresSettings;
  readonly #channel: string;
  readonly #heard: () => void;
  readonly #ports: PgListenerPorts;
  #client: pg.Client | undefined;
  #cancelRetry: () => void = () => undefined;
  #stopped = false;

  /**
   * @param channel a name that needs no quotes
   * @param heard called for every notification, and each time it listens again: some may have been missed
   */
  constructor(settings: PostgresSettings, channel: string, heard: () => void, ports: PgListenerPorts) {
    this.#settings = settings;
    this.#channel = channel;
    this.#heard = heard;
    this.#ports = ports;
  }

  /** Done when it listens, or has failed to and goes on trying. Never rejects. */
  async start(): Promise<void> {
    const client = new pg.Client(pgOptions(this.#settings));
    this.#client = client;
    // Without a listener the process would end; every loss is followed by `end`.
    client.on('error', (error) => this.#failed(client, error));
    client.on('end', () => this.#failed(client, new Error('the connection was closed')));
    client.on('notification', () => this.#heard());
    try {
      await client.connect();
      await client.query(`listen ${this.#channel}`);
      this.#heard();
    } catch (error) {
      this.#failed(client, error);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelRetry();
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  #failed(client: pg.Client, error: unknown): void {
    // Of one connection, the first sign of its loss counts.
    if (this.#stopped || this.#client !== client) return;
    this.#client = undefined;
    this.#ports.log.warn(
      'database listener',
      { err: typedPgError(error), channel: this.#channel },
      'database notifications lost: connecting again',
    );
    client.end().catch(() => undefined);
    this.#cancelRetry = this.#ports.clock.after(RECONNECT_MS, () => this.start());
  }
}
