/** Slopes as measured on the machine of bench/README.md; each line says by which run. */
import type { Slopes } from './cost-model.ts';

export const MEASURED: Slopes = {
  node: {
    idleNode: 1500,
    trigger: 60,
    publishPerKb: 1,
    triggerAlone: 16.3,
    receive: 15,
    delivery: 3.6,
    deliveryPerKb: 0.5,
    handshake: 26.2,
    subscribe: 12.3,
    close: 18.6,
    visit: 30,
    edge: 60,
    presenceStep: 60,
    idle: 0.2,
    connectionKib: 2.03,
    subscriptionKib: 0.3,
    channelKib: 0.6,
    baseKib: 90_000,
  },
  redis: {
    publish: 6,
    receiver: 1.5,
    receiverPerKb: 0.5,
    visit: 20,
    presenceStep: 25,
    edge: 20,
    idleNode: 1000,
  },
};
