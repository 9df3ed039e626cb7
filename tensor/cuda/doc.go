// Package cuda executes the operations of the profile tensor/1 on cards of NVIDIA, by the CUDA Driver API. It needs
// no C compiler and no SDK: it opens the driver's library when cards are listed or opened, and the driver compiles
// the kernels, which package kernel holds as PTX.
//
// Kernels and parameters are those of tensor/vulkan, and package tensor/vulkan/plan divides operations for
// both. Sums of products of eight bits use dp4a, and products that fill tiles use tensor cores (mma.sync), if the
// card has them and they pass a test with random numbers when it is opened. An operation that cannot be divided
// is executed by tensor/cpu on a copy.
//
// Calls run in the order in which they were asked for, in one stream. Nothing but Wait, Read and the reuse of
// staging memory or of one of a few batches waits for the card. A card that does not answer in time, whose last
// command has left no mark, or of which the driver reports an error that stays (an illegal address, an
// uncorrectable error of its memory) is lost: every call fails with ErrLost from then on.
//
// The driver protects no operand from a kernel: kernels check each access against the size of what was bound,
// and this package checks each binding against its tensor.
package cuda
