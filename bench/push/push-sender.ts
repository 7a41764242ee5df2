/** What is measured: something that sends notifications to a fake service, ours or a library's. */

/** What a sender process is given. */
export interface SenderSettings {
  /** What the fakes told of themselves when they started, by fake. */
  readonly fakes: Readonly<Record<string, FakeFacts>>;
  /** Folder where the libraries are installed; only theirs need it. */
  readonly peers: string | undefined;
}

/** Where a fake is and what it takes for credentials: texts only, as it comes from another process. */
export type FakeFacts = Readonly<Record<string, string>>;

export interface RunningSender {
  /** Sends `count` notifications at once; returns how many the service took. */
  send(count: number): Promise<number>;
  stop(): void;
}

export interface PushSender {
  /** Unique; the part before the first `-` is the scenario: `fcm`, `apns`, `webpush`, `hms`. */
  readonly name: string;
  readonly summary: string;
  /** Loads a library that has to be installed in `peers`. */
  readonly needsPeers: boolean;
  start(settings: SenderSettings): Promise<RunningSender>;
}

export function factsOf({ fakes }: SenderSettings, fake: string): (name: string) => string {
  return (name) => {
    const fact = fakes[fake]?.[name];
    if (fact === undefined) throw new Error(`the fake ${fake} told no ${name}`);
    return fact;
  };
}
