/** What one source (file, environment or flags) says: values by setting, not yet checked against the schema. */
import type { Problem } from './config-error.ts';
import type { Setting } from './settings.ts';

export interface Layer {
  /** By the setting's path. */
  readonly values: ReadonlyMap<string, unknown>;
  /** The setting's name as this source spells it. */
  spell(setting: Setting): string;
  /** True when this source may list apps but couldn't be read: then "there is no app" isn't known. */
  readonly appsUnread: boolean;
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}
