/** Requests to the application's own servers: key sets and forwarded questions. */
export interface BackendRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For everything, the body of the answer included. */
  readonly timeoutMs: number;
}

export interface BackendReply {
  readonly status: number;
  readonly body: string;
}

export interface BackendClient {
  /** Rejects when nobody answers in time, or with more than a megabyte. Redirects are not followed. */
  send(request: BackendRequest): Promise<BackendReply>;
}
