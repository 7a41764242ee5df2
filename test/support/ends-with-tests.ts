/** Programs that tests start must not outlive them: a runner that kills its workers asks nobody. */
import { type ChildProcess, spawn } from 'node:child_process';

/** Ends a program with the process that started it, however that ends. */
export function endWithTests(program: ChildProcess): void {
  if (program.pid === undefined) return;
  // Its input ends with this process.
  const watch = spawn('sh', ['-c', 'cat > /dev/null; kill -9 "$0"', String(program.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watch.on('error', () => undefined);
  program.once('exit', () => {
    watch.kill('SIGKILL');
    watch.stdin.destroy();
  });
}
