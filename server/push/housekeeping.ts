/** Removes what nobody needs any more: publishes of long ago, devices that were not heard of for long. */
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { DeviceStore } from './device-store.ts';
import type { PushQueue } from './push-queue.ts';

const DAY_MS = 24 * 3600 * 1000;
const INTERVAL_MS = 3600 * 1000;

export interface KeepingSettings {
  /** Days a finished publish and its outcomes are kept; 0 for ever. */
  readonly keepDays: number;
  /** Days after its last registration or change when a device is removed; 0 never. */
  readonly maxInactiveDeviceDays: number;
}

export interface HousekeepingPorts {
  readonly queue: Pick<PushQueue, 'forget'>;
  readonly devices: Pick<DeviceStore, 'removeInactive'> | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Every hour. Each node does it; what one has removed is no work for the others. */
export class Housekeeping {
  readonly #settings: KeepingSettings;
  readonly #ports: HousekeepingPorts;
  #cancel: (() => void) | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(settings: KeepingSettings, ports: HousekeepingPorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  start(): void {
    this.#cancel = this.#ports.clock.every(INTERVAL_MS, () => void this.sweep());
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    await this.#sweeping;
  }

  /** One sweep at a time; who asks meanwhile waits for that one. Never rejects. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { queue, devices, clock, logger } = this.#ports;
    const { keepDays, maxInactiveDeviceDays } = this.#settings;
    try {
      const publishes = keepDays > 0 ? await queue.forget(clock.now() - keepDays * DAY_MS) : 0;
      const before = clock.now() - maxInactiveDeviceDays * DAY_MS;
      const removed = maxInactiveDeviceDays > 0 ? ((await devices?.removeInactive(before)) ?? 0) : 0;
      if (publishes + removed > 0) logger.info({ publishes, devices: removed }, 'old push records removed');
    } catch (error) {
      logger.warn({ err: error }, 'old push records could not be removed; the next sweep tries again');
    }
  }
}
