/** The endpoints of the HTTP API and where they are found. PROTOCOL.md, "HTTP API". */
import { batchEventsEndpoint } from './endpoints/batch-events.ts';
import { channelEventsEndpoint } from './endpoints/channel-events.ts';
import { channelsEndpoint } from './endpoints/channel-list.ts';
import { type ChannelPorts, channelEndpoint, channelStatsEndpoint } from './endpoints/channel-state.ts';
import { channelUsersEndpoint } from './endpoints/channel-users.ts';
import { eventsEndpoint, type PublishPorts } from './endpoints/events.ts';
import { type RevokePorts, revokeGrantsEndpoint } from './endpoints/revoke-grants.ts';
import { type TerminatePorts, terminateUserEndpoint } from './endpoints/terminate-user.ts';
import type { Methods, Routes } from './routes.ts';

export function apiRoutes(ports: PublishPorts & ChannelPorts & TerminatePorts & RevokePorts): Routes {
  const { presence, publisher } = ports;
  return new Map<string, Methods>([
    ['events', new Map([['POST', eventsEndpoint(ports)]])],
    ['batch_events', new Map([['POST', batchEventsEndpoint(ports)]])],
    ['channels', new Map([['GET', channelsEndpoint(presence)]])],
    ['channels/*', new Map([['GET', channelEndpoint(ports)]])],
    ['channels/*/users', new Map([['GET', channelUsersEndpoint(presence)]])],
    ['channels/*/stats', new Map([['GET', channelStatsEndpoint(ports)]])],
    ['channels/*/events', new Map([['POST', channelEventsEndpoint(publisher)]])],
    ['users/*/terminate_connections', new Map([['POST', terminateUserEndpoint(ports)]])],
    ['users/*/revoke_grants', new Map([['POST', revokeGrantsEndpoint(ports)]])],
  ]);
}
