/** Chance, passed in so that tests can foresee it: a number from 0 up to but not including 1. */
export type Chance = () => number;
