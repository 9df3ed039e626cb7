#include "reduce.glsl"

// Parameters that norms have in common: 1 the places of gains, 2 the places of the output, 3 and 4
// epsilon, 5 the flags: gain, bias, centre, output of eight bits. element(i) returns number i of the row,
// and channel(i) the place of its gain and bias.
uint mean, places;
Scale byRoot;

uint centred(uint i) { return (p[5] & 4u) != 0u ? sub(element(i), mean) : element(i); }

// measure finds the mean and the root of the mean square of a row of n numbers.
void measure(uint n) {
  mean = 0u;
  if ((p[5] & 4u) != 0u) {
    Wide total = wide(0u);
    for (uint i = lane(); i < n; i += LANES) total = plus(total, extend(element(i)));
    total = sum_of(total);
    total = plus(total, wide(n / 2u));
    if (negative(high(total))) {
      total = plus(minus(wide(0u), total), wide(n - 1u));
      mean = 0u - low(divide(total, n));
    } else {
      mean = low(divide(total, n));
    }
  }
  uint most = 0u;
  for (uint i = lane(); i < n; i += LANES) most = max(most, size(centred(i)));
  most = largest_of(most);
  places = uint(max(bits(most) - 15, 0));
  Wide squares = wide(0u);
  for (uint i = lane(); i < n; i += LANES) {
    uint y = uint(int(centred(i)) >> int(places));
    squares = plus(squares, wide(y * y));
  }
  squares = sum_of(squares);
  squares = plus(squares, down(joined(p[3], p[4]), 2u * places));
  byRoot = inverse_root(wide(n), squares);
  byRoot.e += int(places);
}

// normalized returns number i of the output.
uint normalized(uint i) {
  uint c = channel(i);
  uint g = (p[5] & 1u) != 0u ? half_at(gain(c / 2u), c) : 1u;
  uint v = signed_as(apply(times(normal(size(g), p[1]), byRoot), centred(i), int(p[2])), g);
  return (p[5] & 2u) != 0u ? add(v, bias(c)) : v;
}
