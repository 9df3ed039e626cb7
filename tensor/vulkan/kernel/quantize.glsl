// quantized returns a number of eight bits for v, where most is the largest size of the row,
// count its bits and by what rows are multiplied with.
uint quantized(uint v, int count, uint by) {
  Wide q = down(plus(product(size(v), by), up(wide(1u), uint(23 + count))), uint(24 + count));
  return signed_as(low(q), v) & 255u;
}
uint factor(uint most, int count) { return divfrac(127u << 24, most << uint(32 - count)); }
