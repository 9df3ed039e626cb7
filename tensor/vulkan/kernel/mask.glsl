// seen reports whether query t sees key s.
bool seen(uint t, uint s, uint causal, uint base, uint window) {
  uint end = base + t + 1u;
  return causal == 0u || (s < end && (window == 0u || s + window >= end));
}
