/** What answers the requests for one path. */
import type { Eventual } from '../lib/eventual.ts';
import type { HttpRequest, HttpResponse } from './message.ts';

export interface Resource {
  /** Whether requests are to come with their caller's details. */
  readonly needsCaller: boolean;
  handle(request: HttpRequest): Eventual<HttpResponse>;
}
