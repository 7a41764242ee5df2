/** Which commands there are, under all the names that versions of Centrifugo gave them. */
import type { DeviceStore } from '../../push/device-store.ts';
import { unavailable } from './centrifugo-replies.ts';
import { ChannelCommands } from './channel-commands.ts';
import { type Call, type DeviceCommandPorts, DeviceCommands } from './device-commands.ts';
import { NO_REGISTRY, type SendCommandPorts, SendCommands } from './send-commands.ts';

/** @throws CommandError, by rejecting */
export type Command = (call: Call) => Promise<object>;

/** By name, in lower case. */
export type Commands = ReadonlyMap<string, Command>;

export interface CentrifugoPorts
  extends Omit<SendCommandPorts, 'devices'>,
    Pick<DeviceCommandPorts, 'policy'> {
  /** Undefined without a database: then it is sent to tokens and topics only. */
  readonly devices: DeviceStore | undefined;
}

export function centrifugoCommands({ devices, publishing, webhooks, policy }: CentrifugoPorts): Commands {
  const send = new SendCommands({ devices, publishing, webhooks, policy });
  return new Map<string, Command>([
    ...registryCommands(devices && { devices, policy }),
    ['send_push_notification', (call) => send.send(call)],
    ['cancel_push', (call) => send.cancel(call)],
    ['update_push_status', (call) => send.updateStatus(call)],
  ]);
}

const REGISTRY_COMMANDS = [
  'device_register',
  'device_update',
  'device_remove',
  'device_list',
  'push_user_channel_update',
  'push_user_channel_list',
  'user_topic_update',
  'user_topic_list',
  'device_topic_update',
  'device_topic_list',
] as const;

function registryCommands(ports: DeviceCommandPorts | undefined): Array<[string, Command]> {
  if (ports === undefined) return REGISTRY_COMMANDS.map((name) => [name, noRegistry]);
  const devices = new DeviceCommands(ports);
  const channels = new ChannelCommands(ports.devices);
  const updateBindings: Command = (call) => channels.updateBindings(call);
  const listBindings: Command = (call) => channels.listBindings(call);
  const commands: Readonly<Record<(typeof REGISTRY_COMMANDS)[number], Command>> = {
    device_register: (call) => devices.register(call),
    device_update: (call) => devices.update(call),
    device_remove: (call) => devices.remove(call),
    device_list: (call) => devices.list(call),
    push_user_channel_update: updateBindings,
    push_user_channel_list: listBindings,
    user_topic_update: updateBindings,
    user_topic_list: listBindings,
    device_topic_update: (call) => channels.updateTopics(call),
    device_topic_list: (call) => channels.listTopics(call),
  };
  return Object.entries(commands);
}

const noRegistry: Command = () => Promise.reject(unavailable(NO_REGISTRY));
