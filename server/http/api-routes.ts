/** The endpoints of the HTTP API and where they are found. PROTOCOL.md, "HTTP API". */
import { batchEventsEndpoint } from './endpoints/batch-events.ts';
import { type ChannelPorts, channelEndpoint, channelStatsEndpoint } from './endpoints/channel.ts';
import { channelEventsEndpoint } from './endpoints/channel-events.ts';
import { channelUsersEndpoint } from './endpoints/channel-users.ts';
import { channelsEndpoint } from './endpoints/channels.ts';
import { eventsEndpoint, type PublishPorts } from './endpoints/events.ts';
import { type TerminatePorts, terminateUserEndpoint } from './endpoints/terminate-user.ts';
import type { Routes } from './routes.ts';

export function apiRoutes(ports: PublishPorts & ChannelPorts & TerminatePorts): Routes {
  return {
    events: { POST: eventsEndpoint(ports) },
    batch_events: { POST: batchEventsEndpoint(ports) },
    channels: { GET: channelsEndpoint(ports.presence) },
    'channels/*': { GET: channelEndpoint(ports) },
    'channels/*/users': { GET: channelUsersEndpoint(ports.presence) },
    'channels/*/stats': { GET: channelStatsEndpoint(ports) },
    'channels/*/events': { POST: channelEventsEndpoint(ports.publisher) },
    'users/*/terminate_connections': { POST: terminateUserEndpoint(ports) },
  };
}
