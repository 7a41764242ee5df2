/**
 * A value that may already be there. Ports answer with it so that the in-memory path stays one synchronous run and
 * a remote implementation may take its time, under the same callers.
 */
export type Eventual<T> = T | Promise<T>;

/** Runs `next` with the value: now if it is there, later if it is a promise. Failures pass through. */
export function andThen<T, R>(value: Eventual<T>, next: (value: T) => Eventual<R>): Eventual<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** All values, in order; a plain array when none has to be waited for. */
export function all<T>(values: Array<Eventual<T>>): Eventual<T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as T[]);
}

/** Runs `undo` if the value turns out to be a failure; the failure passes on. */
export function onFailure<T>(value: Eventual<T>, undo: () => void): Eventual<T> {
  if (!(value instanceof Promise)) return value;
  return value.catch((error: unknown) => {
    undo();
    throw error;
  });
}
