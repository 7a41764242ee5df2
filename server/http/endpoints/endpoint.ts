/** One endpoint of the HTTP API: a signed request of an app → an answer. */
import type { QueryParameters } from '../../../protocol/index.ts';
import type { App } from '../../apps/app.ts';
import type { Eventual } from '../../lib/eventual.ts';
import type { HttpRequest, HttpResponse } from '../message.ts';

/** A request whose signature is right. */
export interface ApiCall {
  readonly app: App;
  readonly request: HttpRequest;
  /** The query's, without those of the signature. */
  readonly parameters: QueryParameters;
  /** What stands in the path for a channel or a user, decoded; '' where the path has neither. */
  readonly name: string;
}

export type Endpoint = (call: ApiCall) => Eventual<HttpResponse>;
