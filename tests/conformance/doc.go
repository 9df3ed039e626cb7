// Package conformance compares back ends of the profile tensor/1 with its reference: random operations
// whose operands have any bits, and a decoder that answers prompts. Outputs, logits, tokens and traces
// must be equal bit for bit. It tells a device that differs, one that failed, and one that could not be
// opened from each other.
package conformance
