// Package guard finds out whether a device computes what the reference does, before a node relies on
// a result. Drivers have returned wrong products, and have lost work without an error; a node that
// commits to such a result loses bond.
//
// Known compares the device with the published vectors. A Device is another device with guards
// around it:
//
//   - The first call of each kind of shape is compared with the reference, in all of its rows or in 64 of them.
//   - So are some later calls, drawn at random, in fewer rows.
//   - The sums over the rows of products (gemm) are compared with those of the operands.
//   - Each submission leaves a mark on the device, so that none is lost.
//   - A call that does not return in time ends the device. The time in which this process is suspended
//     does not count (clock.go).
//
// Comparisons take a bounded part of the time, memory and processor, because the program chooses what
// is there to compare: beyond that, calls are not compared.
//
// A device that fails in one of these ways has an error, and never a result.
package guard
