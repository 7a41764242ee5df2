/** What a node tells its operators' monitoring. */
export interface Metrics {
  /** The content type of what `render` returns. */
  readonly contentType: string;
  /** The state of all metrics now. */
  render(): Promise<string>;
}
