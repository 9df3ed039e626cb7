// Package float executes decoders in floats, as their architecture says, to measure what the
// conversion to integers loses. It does not share code with the integer decoder. The weights of one
// layer are in memory at a time, so that models larger than memory can be measured.
package float
