// Package guard finds out whether a device computes what the reference does, before a node relies on
// a result. Drivers have returned wrong products, and have lost work without an error; a node that
// commits to such a result loses bond.
//
// Known compares the device with the published vectors. A Device is another device with guards
// around it:
//
//   - The first call of each kind of shape is compared with the reference, in all of its rows or in 64 of them.
//   - So are some later calls, drawn at random, in fewer rows.
//   - The sums over all rows of products (gemm) are compared with those of the operands.
//   - Each submission leaves a mark on the device, so that none is lost.
//   - A call that does not return in time ends the device. The time in which this process is suspended
//     does not count (clock.go).
//
// # Sums of products
//
// Σ_n C[m,n] is Σ_k A[m,k]·(Σ_n W[n,k]) modulo 2^32, for each row m of a product C = A·W. The guard
// reads W once and keeps the sums over its rows. The device adds up C by an operation of its own (sum),
// in blocks of columns that cannot overflow. What the sums should be comes from two places:
//
//   - The guard reads some rows of A and multiplies them with the sums of W itself: all rows of up to 16,
//     or 16 of more, spread from a random one on. When that takes more than 1/64 of the time, it
//     reads 2 rows. Products that share A share the rows.
//   - The device multiplies all rows of A with the sums of W, times a random odd factor, which look to it
//     like other weights. An error of both products agrees with a probability of about 2^-31, unless the
//     device has another A in mind.
//
// A bit that flips in an element is found with certainty, and so is a weight whose memory changes after
// its first use, unless A has a zero for it. Errors of a row that add up to a multiple of 2^32 are not
// found. A device that takes other numbers for A, in all products, in a part f of the rows, anywhere, is
// found by r rows with a probability of about 1-(1-f)^r. A step of a model of 16 layers reads rows 64
// times: with f = 1%, it finds the device with 72% for 2 rows, and with more than 99.99% for 16.
//
// Sums cost at most 1/25 of the fuel of all calls, and 67 million units in addition (budget.go). A step
// of a model of a billion weights with a single row takes half of that, so that all of its products are
// summed up. In a program of small products, which take less time than their launches, chance chooses
// products.
//
// Comparisons take a bounded part of the time, memory and processor, because the program chooses what
// is there to compare: beyond that, calls are not compared.
//
// A device that fails in one of these ways has an error, and never a result.
package guard
