#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
// Parameters: columns, k. A workgroup does a row: it finds the k-th largest number eight bits at a time,
// then the last place of those that are equal to it, and sorts what is left.
INPUT(0, x)
OUTPUT(1, result)
OUTPUT(2, place)

shared uint counts[256];
shared uint chosen, wanted, found;
shared uint values[1024];
shared uint places[1024];

uint key(uint c) { return x(gl_WorkGroupID.x * p[0] + c) ^ SMALLEST; }

// narrow counts what matches a prefix and finds the next eight bits of the wanted one: from above for
// numbers, from below for places of one number.
void narrow(uint prefix, uint shift, bool byPlace, uint number) {
  for (uint i = lane(); i < 256u; i += LANES) counts[i] = 0u;
  barrier();
  uint above = shift == 24u ? 0u : 0xffffffffu << (shift + 8u);
  for (uint c = lane(); c < p[0]; c += LANES) {
    uint v = key(c);
    if (byPlace && v != number) continue;
    if (byPlace) v = c;
    if ((v & above) == prefix) atomicAdd(counts[(v >> shift) & 255u], 1u);
  }
  barrier();
  if (lane() == 0u) {
    uint left = wanted, digit = byPlace ? 0u : 255u;
    for (uint i = 0u; i < 255u && counts[digit] < left; i++) {
      left -= counts[digit];
      digit = byPlace ? digit + 1u : digit - 1u;
    }
    wanted = left;
    chosen = prefix | digit << shift;
  }
  barrier();
}

bool before(uint a, uint b) {
  return values[a] != values[b] ? values[a] > values[b] : places[a] < places[b];
}

void main() {
  uint r = gl_WorkGroupID.x, k = p[1];
  if (lane() == 0u) { wanted = k; found = 0u; }
  barrier();
  uint number = 0u, last = 0u;
  for (int shift = 24; shift >= 0; shift -= 8) { narrow(number, uint(shift), false, 0u); number = chosen; barrier(); }
  for (int shift = 24; shift >= 0; shift -= 8) { narrow(last, uint(shift), true, number); last = chosen; barrier(); }
  for (uint i = lane(); i < 1024u; i += LANES) { values[i] = 0u; places[i] = 0xffffffffu; }
  barrier();
  for (uint c = lane(); c < p[0]; c += LANES) {
    uint v = key(c);
    if (v > number || (v == number && c <= last)) {
      uint i = atomicAdd(found, 1u);
      if (i < 1024u) { values[i] = v; places[i] = c; }
    }
  }
  barrier();
  for (uint width = 2u; width <= 1024u; width <<= 1) {
    for (uint step = width >> 1; step > 0u; step >>= 1) {
      for (uint i = lane(); i < 1024u; i += LANES) {
        uint other = i ^ step;
        if (other > i && before(other, i) == ((i & width) == 0u)) {
          uint v = values[i], c = places[i];
          values[i] = values[other]; places[i] = places[other];
          values[other] = v; places[other] = c;
        }
      }
      barrier();
    }
  }
  for (uint i = lane(); i < k; i += LANES) {
    set_result(r * k + i, values[i] ^ SMALLEST);
    set_place(r * k + i, places[i]);
  }
}
