/** Sends a request to an address that somebody configured, and says how it went. */

export interface PostRequest {
  readonly url: URL;
  /** Sent in this casing. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For everything: name, connection, request, the whole answer. */
  readonly timeoutMs: number;
}

/**
 * What a failure says about the next request. `answer`: the receiver lives and doesn't want this one. `connection`:
 * there was no whole answer, as there would be none to another request. `policy`: no request may ever go there.
 */
export type PostFailure = 'answer' | 'connection' | 'policy';

export type PostResult =
  | { readonly ok: true; readonly status: number }
  /** `reason` is for people. The receiver may have got the request all the same. */
  | { readonly ok: false; readonly failure: PostFailure; readonly reason: string };

export interface Poster {
  /** One POST. Any whole 2xx answer is a success, everything else is not; redirects aren't followed. Never rejects. */
  post(request: PostRequest): Promise<PostResult>;
  /** Closes what is idle and breaks off what is under way. */
  close(): void;
}
