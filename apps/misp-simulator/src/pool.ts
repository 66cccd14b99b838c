/** Rows by numeric id, with the random access that picking a target among very many needs. */
export interface Pool<Row extends { readonly id: number }> extends Iterable<Row> {
  readonly size: number;
  get(id: number): Row | undefined;
  /** The row at a position below `size`. Positions change when a row is deleted. */
  at(position: number): Row | undefined;
  add(row: Row): void;
  delete(row: Row): void;
}

/** An empty pool. Every operation takes constant time; iteration is in no particular order once rows were deleted. */
export function createPool<Row extends { readonly id: number }>(): Pool<Row> {
  const rows: Row[] = [];
  const positions = new Map<number, number>();
  return {
    get size() {
      return rows.length;
    },
    get(id) {
      const position = positions.get(id);
      return position === undefined ? undefined : rows[position];
    },
    at: (position) => rows[position],
    add(row) {
      positions.set(row.id, rows.length);
      rows.push(row);
    },
    delete(row) {
      const position = positions.get(row.id);
      const last = rows.pop();
      if (position === undefined || last === undefined) throw new Error(`no row ${row.id} to delete`);
      positions.delete(row.id);
      if (last === row) return;
      rows[position] = last;
      positions.set(last.id, position);
    },
    [Symbol.iterator]: () => rows[Symbol.iterator](),
  };
}
