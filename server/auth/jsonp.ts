/** JSONP: the answer as a call of a function of the page. Pure. */

/**
 * A name, with members by dot, by number or by quoted word: `cb`, `Pusher.auth_callbacks['1']`. Nothing that could be
 * an expression of its own, since it becomes the start of a script.
 */
const CALLBACK = /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*|\[(?:\d+|'[\w-]+'|"[\w-]+")\])*$/;
const LONGEST_CALLBACK = 128;

export function isCallbackName(text: string): boolean {
  return text.length <= LONGEST_CALLBACK && CALLBACK.test(text);
}

/** Two separators that JSON allows in strings end a line in older JavaScript. */
export function callOf(callback: string, json: string): string {
  return `${callback}(${json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')})`;
}
