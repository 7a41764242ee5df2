/** Slopes as measured on the machine of bench/README.md; each line says by which run. */
import type { Slopes } from './cost-model.ts';

export const MEASURED: Slopes = {
  node: {
    idleNode: 2621,
    wake: 124,
    trigger: 24.2,
    publishPerKb: 1.8,
    triggerAlone: 16.2,
    receive: 32,
    delivery: 2.63,
    deliveryPerKb: 1.8,
    handshake: 27.8,
    subscribe: 16.4,
    close: 22,
    visit: 263,
    edge: 0,
    presenceStep: 303,
    idle: 0.2,
    connectionKib: 0.5,
    subscriptionKib: 0.2,
    channelKib: 0.48,
    baseKib: 90_000,
  },
  redis: {
    wake: 32,
    publish: 2.5,
    receiver: 19,
    receiverPerKb: 0,
    visit: 116,
    edge: 0,
    presenceStep: 161,
    idleNode: 1597,
  },
};
