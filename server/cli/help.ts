/** The text of `carillon help`: examples first, then what there is. */
import { VERSION } from '../version.ts';
import { settingsHelp } from './settings-help.ts';

export const COMMAND_NAMES = ['start', 'trigger', 'apps', 'dead-letters', 'vapid', 'config'] as const;

export type CommandName = (typeof COMMAND_NAMES)[number];

export function isCommandName(name: string): name is CommandName {
  return (COMMAND_NAMES as readonly string[]).includes(name);
}

export function overview(): string {
  return `Carillon ${VERSION}: a realtime server that speaks the Pusher Channels protocol

Commands
  start         run a node (what carillon does without a command)
  trigger       publish an event through a running node
  apps          list and change the apps of running nodes
  dead-letters  list, replay or drop what webhooks could not deliver
  vapid         make a pair of keys for Web Push
  config        print the configuration as a node would use it, secrets masked
  help          this text, or help <command>
  version       print the version

Examples
  carillon                                 a development node with a made-up app
  carillon --port 7000 --log-level debug
  carillon --config carillon.yaml
  CARILLON_APP_ID=1 CARILLON_APP_KEY=k CARILLON_APP_SECRET=a-long-secret carillon start
  carillon trigger my-channel my-event '{"hello":"world"}'

Settings are flags, environment variables or lines of a config file (JSON, YAML or TOML; --config or
CARILLON_CONFIG). Flags win over the environment, the environment over the file. Those asked for most:

${settingsHelp(COMMON)}

All of them: carillon help start`;
}

const COMMON: ReadonlySet<string> = new Set(['mode', 'host', 'port', 'app.id', 'app.key', 'app.secret']);

export function commandHelp(name: CommandName): string {
  return COMMAND_HELP[name]();
}

const COMMAND_HELP: Readonly<Record<CommandName, () => string>> = {
  start: () => `carillon start [flags]: run a node

Examples
  carillon start
  carillon start --host 0.0.0.0 --port 7000
  carillon start --config /etc/carillon.toml --mode production

The first SIGTERM, SIGINT or SIGHUP stops the node: clients are asked to reconnect, then it exits
with 0. A second one ends it at once with 1. It exits with 1 when it can't listen, and with 2 when
the configuration is wrong.

Settings, as flags and as environment variables. A config file takes the same settings by their
paths, e.g. limits.frameBytes. Flags win over the environment, the environment over the file.

${settingsHelp()}`,

  trigger: () => `carillon trigger <channel> <event> [data] [options]: publish an event through a running node
carillon trigger --user <id> <event> [data] [options]: the same, to one signed-in user

Examples
  carillon trigger my-channel my-event '{"hello":"world"}'
  carillon trigger --user 42 notice "Your order has shipped"
  carillon trigger my-channel my-event '{}' --host push.example.com --port 443 --tls \\
    --app-id 1 --key k --secret s

The data is sent exactly as given. Clients decode it when it is JSON, and get it as text when it isn't.
Left out, it is {}. Put -- before data that starts with a dash.

Options
  --host <name>        where the node is; default: where this machine's configuration says, else 127.0.0.1
  --port <number>      default: the configured port, else 6001
  --tls                speak https; default: whether the configuration has a certificate
  --app-id <id>        which configured app; default: the first. With --key and --secret: any app
  --key <key>          its key
  --secret <secret>    its secret. To keep it out of the process list, name the app by the variables
                       CARILLON_APP_ID, CARILLON_APP_KEY and CARILLON_APP_SECRET instead: all three, as
                       they belong together, and none of these options
  --socket-id <id>     leave this connection out
  --user <id>          send to a user instead of a channel
  --config <file>      take the configuration from this file

It exits with 0 when the node took the event, with 1 when it refused or wasn't there.`,

  apps: () => `carillon apps list [options]: the apps of a running node
carillon apps show <id>
carillon apps create [settings]: make an app; id, key and secret that are left out are made up
carillon apps update <id> <settings>: change some settings; null takes one back to its default
carillon apps disable <id>, carillon apps enable <id>
carillon apps rotate <id>: a new key pair; the old one stays valid for a while
carillon apps delete <id>

Examples
  carillon apps create '{"id":"shop","limits":{"connections":500}}'
  carillon apps update shop '{"webhooks":[{"url":"https://shop.example.com/hooks"}]}'
  carillon apps rotate shop --overlap 86400

It asks the admin API of a running node, which is open when an admin token is configured
(CARILLON_ADMIN_TOKEN, at least 16 characters; the same for the node and for this command). What can be
changed is what is stored in a database (CARILLON_DATABASE_URL or CARILLON_DATA_DIR); every node that uses the
database follows within a second. Settings are JSON, in the form of an app in the config file.

Options
  --file <file>        take the settings from a JSON file, which keeps secrets out of the process list
  --overlap <seconds>  how long old key pairs stay valid after rotate; default: 3600
  --limit <number>     list at most so many; default: 100
  --cursor <text>      list from where the last page ended
  --json               print the answer as JSON
  --host <name>        where the node is; default: where this machine's configuration says, else 127.0.0.1
  --port <number>      default: the configured port, else 6001
  --tls                speak https; default: whether the configuration has a certificate
  --token <token>      the admin token; CARILLON_ADMIN_TOKEN keeps it out of the process list
  --config <file>      take the configuration from this file

It exits with 0 when the node did it, with 1 when it refused or wasn't there.`,

  'dead-letters': () => `carillon dead-letters list [options]: webhooks that could not be delivered
carillon dead-letters replay <id>... [options]: queue them for another try
carillon dead-letters drop <id>... [options]: throw them away

Examples
  carillon dead-letters list --app 1001
  carillon dead-letters replay 1b4e28ba-2fa1-41d2-883f-0016d3cca427
  carillon dead-letters replay --app 1001 --endpoint https://shop.example.com/hooks
  carillon dead-letters drop --app 1001

It asks the admin API of a running node, which is open when an admin token is configured
(CARILLON_ADMIN_TOKEN, at least 16 characters; the same for the node and for this command).

Options
  --app <id>           letters of this app; for replay and drop in place of ids: all of them
  --endpoint <name>    of this endpoint of the app, as list shows it
  --limit <number>     list at most so many; default: 100
  --cursor <text>      list from where the last page ended
  --json               list as JSON
  --host <name>        where the node is; default: where this machine's configuration says, else 127.0.0.1
  --port <number>      default: the configured port, else 6001
  --tls                speak https; default: whether the configuration has a certificate
  --token <token>      the admin token; CARILLON_ADMIN_TOKEN keeps it out of the process list
  --config <file>      take the configuration from this file

It exits with 0 when the node did it, with 1 when it refused or wasn't there.`,

  vapid: () => `carillon vapid: make a pair of keys for Web Push

Examples
  carillon vapid
  carillon vapid >> .env

Prints CARILLON_VAPID_PUBLIC_KEY, CARILLON_VAPID_PRIVATE_KEY and CARILLON_VAPID_SUBJECT; put your own address
into the last. Browsers subscribe with the public key, and a subscription works with its key only: who loses
the private key loses all subscriptions.`,

  config: () => `carillon config [flags]: print the configuration as a node would use it

Examples
  carillon config
  carillon config --config carillon.yaml --port 7000
  carillon config --markdown

Takes the flags of start. The output is JSON; secrets are masked, and warnings go to standard error. It exits
with 2 and lists what is wrong when a node wouldn't start.

Options
  --markdown    print the reference of all settings instead`,
};
