/** Slopes as measured on the machine of bench/README.md; each line says by which run. */
import type { Slopes } from './cost-model.ts';

export const MEASURED: Slopes = {
  node: {
    idleNode: 1800,
    wake: 96,
    trigger: 24.2,
    publishPerKb: 1,
    triggerAlone: 16.2,
    receive: 10,
    delivery: 2.63,
    deliveryPerKb: 0.2,
    handshake: 27.8,
    subscribe: 16.4,
    close: 22,
    visit: 220,
    edge: 5,
    presenceStep: 235,
    idle: 0.2,
    connectionKib: 2.03,
    subscriptionKib: 0.3,
    channelKib: 0.6,
    baseKib: 90_000,
  },
  redis: {
    wake: 50,
    publish: 2.5,
    receiver: 2,
    receiverPerKb: 0.3,
    visit: 80,
    edge: 7,
    presenceStep: 137,
    idleNode: 1000,
  },
};
