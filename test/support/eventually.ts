/** Waiting for what takes a moment, as long as a test may take. */

const PAUSE_MS = 20;

/** Repeats `check` until it passes; after `ms` its last failure is the test's. */
export async function eventually<T>(check: () => T | Promise<T>, ms = 20_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() >= end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
