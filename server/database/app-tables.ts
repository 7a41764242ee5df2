/** Apps that change while nodes run. */
export interface AppTables {
  apps: {
    id: string;
    /** 0 or 1. */
    enabled: number;
    /** JSON of an object, in the form of an app in the config file without id, key pairs and `enabled`. */
    settings: string;
    /** The revision that the app's last change made. */
    version: number;
    created_at: number;
    updated_at: number;
  };
  app_credentials: {
    key: string;
    app_id: string;
    secret: string;
    /** From 0, the oldest first. */
    position: number;
    retires_at: number | null;
  };
  /** One row, from the first change on: how many there were. Whoever changes an app holds it, so one does at a time. */
  app_revision: {
    id: number;
    revision: number;
  };
}
