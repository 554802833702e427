/** Columns of kinds that many tables have. */
import type { ColumnType, JSONColumnType } from 'kysely';

export type CreatedAt = ColumnType<Date, Date | undefined, never>;
export type Json<T extends object> = JSONColumnType<T>;
export type NullableJson<T extends object> = JSONColumnType<T | null, string | null, string | null>;
