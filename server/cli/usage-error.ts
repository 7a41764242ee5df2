/** A command line that a command can't make sense of; the message says what is missing or too much. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
