import { randomUUID } from "node:crypto";
import type Database from "libsql";

/**
 * What a journal's file looked like in earlier versions of danas, and how it becomes what it is now. Version 2 gave the
 * run an id of its own, and the plan a rule for losses that are not finite; version 3 gave states after some entry a place,
 * one a name (in version 2 there was place for one).
 */
export const schemaVersion = 3;

export const savedStatesTable = `
  CREATE TABLE states (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, logic TEXT NOT NULL, state TEXT NOT NULL);`;

/** the one row of `meta`; before version 2 it had no id */
export interface Meta {
  readonly schema: number;
  readonly plan: string;
  readonly id: string;
}

/** @param database where the upgrade is to be kept; null = only read, so it is made in memory each time */
export function upgraded(meta: Meta, database: InstanceType<typeof Database> | null): Meta {
  if (meta.schema === schemaVersion) return meta;
  // before version 2, a loss that was not finite ended the run: what was decided then must come out the same again
  const divergence = { rule: "stop", factor: 0.5, tries: 0 };
  const first = meta.schema < 2;
  const now: Meta = {
    schema: schemaVersion,
    plan: first ? JSON.stringify({ divergence, ...JSON.parse(meta.plan) }) : meta.plan,
    id: first ? randomUUID() : meta.id,
  };
  if (database) {
    database.exec("BEGIN IMMEDIATE");
    try {
      database.exec(`DROP TABLE IF EXISTS state; ${savedStatesTable}`);
      if (first) database.exec("ALTER TABLE meta ADD COLUMN id TEXT NOT NULL DEFAULT ''");
      database.prepare("UPDATE meta SET schema = ?, plan = ?, id = ?").run(now.schema, now.plan, now.id);
      database.exec("COMMIT");
    } catch (error) {
      // a full disk may have rolled back already; the first error is the one that tells
      if (database.inTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }
  return now;
}
