/** The command by which a node starts its workers. Nobody else has use for it, so it is not in the help. */
export const WORKER = 'worker';
