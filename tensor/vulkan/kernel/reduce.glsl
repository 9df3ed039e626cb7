// Reductions over the lanes of a workgroup. All lanes have to call them, and get the result.
shared Wide lanes64[128];
shared uint lanes32[128];

Wide sum_of(Wide x) {
  barrier();
  lanes64[lane()] = x;
  barrier();
  for (uint s = LANES / 2u; s > 0u; s >>= 1) {
    if (lane() < s) lanes64[lane()] = plus(lanes64[lane()], lanes64[lane() + s]);
    barrier();
  }
  return lanes64[0];
}
uint largest_of(uint x) {
  barrier();
  lanes32[lane()] = x;
  barrier();
  for (uint s = LANES / 2u; s > 0u; s >>= 1) {
    if (lane() < s) lanes32[lane()] = max(lanes32[lane()], lanes32[lane() + s]);
    barrier();
  }
  return lanes32[0];
}
