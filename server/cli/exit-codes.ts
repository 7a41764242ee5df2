/** How a command ended, for scripts and supervisors. */
export const EXIT_OK = 0;
/** It was understood but didn't work out. */
export const EXIT_FAILED = 1;
/** The command line or the configuration has to be corrected first. */
export const EXIT_USAGE = 2;
