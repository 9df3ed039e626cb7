// value reads a table, which table(i) returns the entries of.
uint value(uint x, uint low, uint step, uint intervals) {
  if (below(x, low)) return table(0u);
  uint at = x - low;
  uint i = at >> step;
  if (i >= intervals) return table(intervals);
  return line(table(i), table(i + 1u), at & ((1u << step) - 1u), step);
}
