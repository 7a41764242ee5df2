/** The wire as values: names, frames, signatures, codes. Pure; safe in a browser. */
export * from './api.ts';
export * from './auth.ts';
export * from './channel-name.ts';
export * from './codes.ts';
export * from './decode.ts';
export * from './encode.ts';
export * from './messages.ts';
export * from './raw-json.ts';
export * from './text.ts';
export * from './webhook.ts';
