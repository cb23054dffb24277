export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** A JSON Schema, dialect 2020-12 unless `$schema` says otherwise. */
export type JsonSchema = JsonObject;
