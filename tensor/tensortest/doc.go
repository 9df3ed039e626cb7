// Package tensortest compares back ends with the reference on random operations, and holds the
// vectors of the profile tensor/1. The operations are those of a generator that depends on a seed
// alone: shapes are small, operands lie anywhere in their tensors, and elements have any bits, or
// sizes as in models.
package tensortest
