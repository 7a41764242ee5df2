/** Users of the Kinvey door; migration 004. Times are milliseconds since the epoch. */

export interface KinveyUserRow {
  app_id: string;
  id: string;
  /** Null: named by a registration, and never signed up. */
  username: string | null;
  /** See `password-hash.ts`. */
  password: string | null;
  /** JSON: what the application keeps of a user. */
  attributes: string;
  created_at: number;
  updated_at: number;
}

export interface KinveySessionRow {
  /** Base64url of the SHA-256 of the token. */
  token_hash: string;
  app_id: string;
  user_id: string;
  expires_at: number;
}

export interface KinveyTables {
  kinvey_users: KinveyUserRow;
  kinvey_sessions: KinveySessionRow;
}
