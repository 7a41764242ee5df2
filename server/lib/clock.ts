/** Time, passed in so that rules can be tested without waiting. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Done after `ms`; keeps the process alive until then. */
  pause(ms: number): Promise<void>;
  /** Runs `task` once after `ms`; returns a function that cancels it. The timer never keeps the process alive. */
  after(ms: number, task: () => void): () => void;
  /** Runs `task` every `ms` until cancelled. The timer never keeps the process alive. */
  every(ms: number, task: () => void): () => void;
}
